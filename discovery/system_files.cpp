// SPDX-License-Identifier: Apache-2.0
#include "discovery/system_files.hpp"

#include "discovery/errors.hpp"
#include "discovery/hostfile.hpp"
#include "wire/base/fd.hpp"
#include "wire/base/lower.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>

namespace vrun::discovery {
namespace {

std::string_view next_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

std::string_view next_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
    line.remove_prefix(word.size());
    return word;
}

}  // namespace

HostsFile::HostsFile(std::string_view text) {
    while (!text.empty()) {
        std::string_view line = next_line(text);
        line = line.substr(0, line.find('#'));
        std::error_code error;
        const auto address = asio::ip::make_address(next_word(line), error);
        if (error) continue;
        for (std::string_view name = next_word(line); !name.empty(); name = next_word(line)) {
            std::vector<asio::ip::address>& known = addresses_[lower(name)];
            if (std::ranges::count(known, address) == 0) known.push_back(address);
        }
    }
}

const std::vector<asio::ip::address>* HostsFile::find(std::string_view name) const {
    const auto found = addresses_.find(lower(name));
    return found == addresses_.end() ? nullptr : &found->second;
}

std::vector<std::string> search_list_of(std::string_view resolv_conf) {
    std::vector<std::string> domains;
    while (!resolv_conf.empty()) {
        std::string_view line = next_line(resolv_conf);
        const std::string_view keyword = next_word(line);
        if (keyword != "search" && keyword != "domain") continue;
        domains.clear();
        for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
            while (word.starts_with('.'))
                word.remove_prefix(1);
            if (is_host_name(word)) domains.emplace_back(word);
        }
    }
    return domains;
}

// O_NONBLOCK, or a FIFO would wait for a writer.
Result<std::string> read_text_file(const std::string& path, std::size_t size_max,
                                   const std::string& doing) {
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    if (!fd.is_open()) return Error{{errno, std::system_category()}, doing};
    struct stat status {};
    if (::fstat(fd.get(), &status) < 0) return Error{{errno, std::system_category()}, doing};
    if (!S_ISREG(status.st_mode)) return Error{Errc::not_a_file, doing};
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > size_max) return Error{Errc::file_too_long, doing};
    std::string text(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
        const ssize_t got = ::read(fd.get(), text.data() + filled, size - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error{{errno, std::system_category()}, doing};
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    text.resize(filled);
    return text;
}

}  // namespace vrun::discovery
