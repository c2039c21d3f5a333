// SPDX-License-Identifier: Apache-2.0
#include "launcher/options.hpp"

#include "launcher/option_table.hpp"

#include <algorithm>

namespace vrun::launcher {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "option"; }
    std::string message(int value) const override {
        switch (static_cast<OptionErrc>(value)) {
        case OptionErrc::unknown:
            return "no such option; 'vrun --help' lists them";
        case OptionErrc::needs_value:
            return "a value must follow";
        case OptionErrc::takes_no_value:
            return "takes no value";
        case OptionErrc::empty_value:
            return "the value is empty";
        case OptionErrc::not_a_count:
            return "not a positive number";
        case OptionErrc::count_too_large:
            return "larger than MPI can count (2147483647)";
        case OptionErrc::not_a_policy:
            return "not a policy; use 'slot' or 'node'";
        case OptionErrc::has_modifier:
            return "only 'slot' and 'node' are known, without ':'; see also -N and --oversubscribe";
        case OptionErrc::not_a_variable:
            return "not NAME or NAME=VALUE";
        case OptionErrc::first_program_only:
            return "holds for the whole job; write it before the first program";
        case OptionErrc::no_program:
            return "name what to run, as in 'vrun -n 4 ./program'";
        case OptionErrc::no_program_here:
            return "each ':' separates two programs, one is missing";
        }
        return "unknown option error";
    }
};

// One pass over the words; an Error ends it.
class Parser {
public:
    explicit Parser(std::span<const char* const> words) : words_{words} {}

    Result<Settings> parse() {
        while (!words_.empty()) {
            if (const std::optional<Error> error = parse_options()) return *error;
            if (asks_for_text()) return settings_;
            take_program();
            if (words_.empty()) break;
            words_ = words_.subspan(1);  // the ':'
            if (settings_.apps.back().argv.empty() || words_.empty())
                return Error{OptionErrc::no_program_here, ":"};
            settings_.apps.emplace_back();
        }
        if (!settings_.apps.back().argv.empty() || asks_for_text()) return settings_;
        if (settings_.apps.size() > 1) return Error{OptionErrc::no_program_here, ":"};
        return Error{OptionErrc::no_program, "PROGRAM is missing"};
    }

private:
    bool asks_for_text() const { return settings_.help || settings_.version; }

    std::string_view take() {
        const std::string_view word{words_.front()};
        words_ = words_.subspan(1);
        return word;
    }

    void take_program() {
        const auto end = std::ranges::find(words_, std::string_view{":"},
                                           [](const char* word) { return std::string_view{word}; });
        settings_.apps.back().argv.assign(words_.begin(), end);
        words_ = {end, words_.end()};
    }

    // A lone '-' is a program's name as good as any.
    bool at_option() const {
        const std::string_view word{words_.empty() ? "" : words_.front()};
        return word.size() > 1 && word.front() == '-';
    }

    std::optional<Error> parse_options() {
        while (at_option()) {
            const std::string_view word = take();
            if (word == "--") break;
            if (auto error = parse_option(word)) return error;
        }
        return std::nullopt;
    }

    std::optional<Error> parse_option(std::string_view word) {
        const std::size_t equals = word.find('=');
        const std::string spelling{word.substr(0, equals)};
        const std::string_view name =
            std::string_view{spelling}.substr(spelling.starts_with("--") ? 2 : 1);
        const Option* option = find_option(name);
        if (!option) return unknown(spelling, name);
        if (option->scope == Scope::job && settings_.apps.size() > 1)
            return Error{OptionErrc::first_program_only, spelling};

        std::optional<std::string_view> value;
        if (equals != word.npos) value = word.substr(equals + 1);
        if (option->value.empty() && value) return Error{OptionErrc::takes_no_value, spelling};
        if (!option->value.empty() && !value) {
            if (words_.empty())
                return Error{OptionErrc::needs_value, spelling + " " + std::string{option->value}};
            value = take();
        }
        if (const std::error_code code = option->apply(settings_, value.value_or("")))
            return Error{code, spelling + " " + std::string{*value}};
        return std::nullopt;
    }

    static Error unknown(const std::string& spelling, std::string_view name) {
        const std::string_view nearest = nearest_option(name);
        if (nearest.empty()) return {OptionErrc::unknown, spelling};
        return {OptionErrc::unknown, spelling + " (did you mean " + dashed(nearest) + "?)"};
    }

    std::span<const char* const> words_;
    Settings settings_;
};

std::string help_line(const Option& option) {
    constexpr std::size_t column = 36;
    std::vector<std::string_view> names = names_of(option);
    std::ranges::stable_sort(names, {}, [](std::string_view name) { return name.size() > 1; });
    std::string line = names.front().size() > 1 ? "      " : "  ";
    for (const std::string_view name : names)
        line += dashed(name) + ", ";
    line.resize(line.size() - 2);
    if (!option.value.empty()) line += " " + std::string{option.value};
    if (line.size() + 2 > column) line += "\n";
    const std::size_t start = line.ends_with('\n') ? 0 : line.size();
    line.append(column - start, ' ');
    return line + std::string{option.help} + "\n";
}

}  // namespace

std::error_code make_error_code(OptionErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

Result<Settings> parse(std::span<const char* const> arguments) {
    return Parser{arguments}.parse();
}

std::string help_text() {
    std::string text =
        "usage: vrun [OPTION]... PROGRAM [ARGUMENT]... [: [OPTION]... PROGRAM [ARGUMENT]...]...\n"
        "Runs PROGRAM as an MPI job on the nodes of the cluster, or on this machine alone.\n";
    std::optional<Group> group;
    for (const Option& option : options()) {
        if (option.group != group) text += "\n" + std::string{title_of(option.group)} + ":\n";
        group = option.group;
        text += help_line(option);
    }
    return text +
           "\nNames take one dash or two; a value is the next word or follows '='. '--' ends the "
           "options.\n"
           "The exit code is 0 if every process returned 0, else that of the first one that "
           "failed\n"
           "(128 + the signal if it was killed).\n";
}

}  // namespace vrun::launcher
