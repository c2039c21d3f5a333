// SPDX-License-Identifier: Apache-2.0
#include "launcher/shell_line.hpp"

#include "wire/base/escape.hpp"
#include "wire/base/lower.hpp"

#include <algorithm>
#include <string_view>

namespace vrun::launcher {
namespace {

// ssh's letters. Those with a value are in `with_value` as well.
constexpr std::string_view ignored = "1246aAbBcCeEFgiIkKmoPpqStTvxXyY", meant = "lnhV",
                           impossible = "DfGJLMNOQRsWw", with_value = "bBcDEeFIiJLlmoOpPQRSWw";

class ShellLineCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "vrsh"; }
    std::string message(int value) const override {
        switch (static_cast<ShellLineErrc>(value)) {
        case ShellLineErrc::unknown_option:
            return "there is no such option; 'vrsh --help' shows what it can do";
        case ShellLineErrc::no_value:
            return "it needs a value";
        case ShellLineErrc::not_supported:
            return "vrsh runs commands and nothing else; this needs ssh";
        case ShellLineErrc::no_host:
            return "no host given: vrsh [OPTIONS] [USER@]HOST [COMMAND...]";
        case ShellLineErrc::not_a_host:
            return "a host is one name or address";
        }
        return "unknown";
    }
};

bool has(std::string_view letters, char letter) {
    return letters.find(letter) != letters.npos;
}

class Parser {
public:
    explicit Parser(const std::vector<std::string>& words) : words_{words} {}

    // As ssh does: options, the host, options again; what follows is the command.
    Result<ShellLine> parse() {
        if (auto error = take_options()) return std::move(*error);
        if (line_.request != ShellRequest::run) return line_;
        if (next_ == words_.size()) return Error{ShellLineErrc::no_host, "read the command line"};
        if (auto error = take_host(words_[next_++])) return std::move(*error);
        if (auto error = take_options()) return std::move(*error);
        for (bool is_first = true; next_ < words_.size(); is_first = false)
            line_.command += (is_first ? "" : " ") + words_[next_++];
        return line_;
    }

private:
    std::optional<Error> take_options() {
        while (next_ < words_.size() && line_.request == ShellRequest::run) {
            const std::string& word = words_[next_];
            if (word.size() < 2 || word[0] != '-') break;
            ++next_;
            if (word == "--") break;
            if (word == "--help" || word == "--version") {
                line_.request = word == "--help" ? ShellRequest::help : ShellRequest::version;
                break;
            }
            if (auto error = take_letters(word)) return error;
        }
        return std::nullopt;
    }

    // "-xq", "-lalice", "-l alice".
    std::optional<Error> take_letters(const std::string& word) {
        for (std::size_t at = 1; at < word.size(); ++at) {
            const char letter = word[at];
            const std::string option = escaped("-" + std::string{letter});
            if (has(impossible, letter)) return Error{ShellLineErrc::not_supported, option};
            if (!has(ignored, letter) && !has(meant, letter))
                return Error{ShellLineErrc::unknown_option, escaped(word)};
            if (!has(with_value, letter)) {
                take_flag(letter);
                continue;
            }
            const bool is_apart = at + 1 == word.size();
            if (is_apart && next_ == words_.size()) return Error{ShellLineErrc::no_value, option};
            take_value(letter, is_apart ? words_[next_++] : word.substr(at + 1));
            return std::nullopt;
        }
        return std::nullopt;
    }

    void take_flag(char letter) {
        if (letter == 'n') line_.no_input = true;
        if (letter == 'h') line_.request = ShellRequest::help;
        if (letter == 'V') line_.request = ShellRequest::version;
    }

    void take_value(char letter, const std::string& value) {
        if (letter == 'l') set_user(value);
        if (letter != 'o') return;
        const std::size_t end = value.find_first_of("= \t");
        if (end == value.npos || lower(value.substr(0, end)) != "user") return;
        const std::size_t begin = value.find_first_not_of("= \t", end);
        if (begin != value.npos) set_user(value.substr(begin));
    }

    // The first one counts, as in ssh.
    void set_user(const std::string& user) {
        if (!line_.user) line_.user = user;
    }

    std::optional<Error> take_host(const std::string& word) {
        const std::size_t at = word.rfind('@');
        if (at != word.npos) line_.user = word.substr(0, at);
        line_.host = at == word.npos ? word : word.substr(at + 1);
        const bool is_address = std::ranges::count(line_.host, ':') >= 2;
        const bool has_odd = line_.host.find_first_of(", \t\n") != line_.host.npos;
        const bool has_colon = line_.host.find(':') != line_.host.npos;
        if (line_.host.empty() || has_odd || (has_colon && !is_address))
            return Error{ShellLineErrc::not_a_host, escaped(word)};
        return std::nullopt;
    }

    const std::vector<std::string>& words_;
    std::size_t next_ = 0;
    ShellLine line_;
};

}  // namespace

std::error_code make_error_code(ShellLineErrc value) noexcept {
    static const ShellLineCategory category;
    return {static_cast<int>(value), category};
}

Result<ShellLine> parse_shell_line(const std::vector<std::string>& words) {
    return Parser{words}.parse();
}

std::string host_word(const std::string& host) {
    const bool is_bare_address = host.find(':') != host.npos && host.front() != '[';
    return is_bare_address ? "[" + host + "]" : host;
}

std::string shell_help() {
    return "Runs a command on a host of the cluster, as ssh would, by the vrun daemons.\n"
           "\n"
           "  vrsh [OPTIONS] [USER@]HOST [COMMAND...]\n"
           "\n"
           "The words of COMMAND, joined by spaces, go to your login shell on HOST; without them, "
           "it\n"
           "reads standard input. vrsh returns the command's exit code, 128 + N if signal N ended\n"
           "it, and 255 when vrsh itself could not do its work.\n"
           "\n"
           "  -n            standard input is /dev/null\n"
           "  -l USER       must be you, as in USER@HOST\n"
           "  -h, --help    show this text\n"
           "  -V, --version show the version\n"
           "\n"
           "Other options of ssh are accepted and mean nothing; those that forward ports, need a\n"
           "subsystem or a master connection are refused. For mpirun of Open MPI 4:\n"
           "OMPI_MCA_plm_rsh_agent=vrsh; of Open MPI 5: PRTE_MCA_plm_ssh_agent=vrsh; for mpiexec "
           "of\n"
           "MPICH: HYDRA_LAUNCHER=ssh HYDRA_LAUNCHER_EXEC=vrsh.\n";
}

}  // namespace vrun::launcher
