// SPDX-License-Identifier: Apache-2.0
// launcher/shell_line: the command line of vrsh, which is ssh's.
// Launchers and scripts pass options that mean nothing here: they are taken silently. What we
// cannot do at all (forwarding, subsystems) is an error. Pure.
#pragma once

#include "wire/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vrun::launcher {

enum class ShellRequest : std::uint8_t { run, help, version };

struct ShellLine {
    ShellRequest request = ShellRequest::run;
    std::string host;
    std::optional<std::string> user;  // of -l, -o User= or user@host
    std::string command;              // the words joined by spaces; empty: a login shell
    bool no_input = false;            // -n
};

enum class ShellLineErrc {
    unknown_option = 1,
    no_value,
    not_supported,
    no_host,
    not_a_host,
};
std::error_code make_error_code(ShellLineErrc value) noexcept;

// The words after the program's name. The Error names the word.
Result<ShellLine> parse_shell_line(const std::vector<std::string>& words);

// The host as a word of --host: a name or an address, never a list.
std::string host_word(const std::string& host);

std::string shell_help();

}  // namespace vrun::launcher

template <>
struct std::is_error_code_enum<vrun::launcher::ShellLineErrc> : std::true_type {};
