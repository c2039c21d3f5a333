// SPDX-License-Identifier: Apache-2.0
// launcher/options: what vrun's command line says, parsed by the table in option_table.
// Long names take one dash or two, a value follows `=` or is the next word, `--` ends the options,
// the first word without a dash starts a program and a lone `:` the next one (MPMD).
// An unusable argument is an Error that names it; nothing is read or printed here.
#pragma once

#include "wire/base/result.hpp"
#include "wire/messages/submit.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::launcher {

struct AppSettings {          // one program; several are separated by `:`
    std::uint32_t count = 0;  // 0: one per slot
    std::string workdir;
    std::vector<std::string> exports;  // each -x: "NAME" or "NAME=VALUE"
    std::vector<std::string> argv;
};

struct Settings {
    std::vector<AppSettings> apps =
        std::vector<AppSettings>(1);  // at least one; the last is the one being parsed
    wire::Placement placement;
    std::vector<std::string> host_words;  // each --host
    std::vector<std::string> host_files;  // each --hostfile
    std::optional<std::string> socket;
    bool verbose = false;
    bool version = false;
    bool help = false;
};

enum class OptionErrc {
    unknown = 1,
    needs_value,
    takes_no_value,
    empty_value,
    not_a_count,
    count_too_large,
    not_a_policy,
    has_modifier,
    not_a_variable,
    first_program_only,
    no_program,
    no_program_here,
};
std::error_code make_error_code(OptionErrc value) noexcept;

// `arguments` is argv without the program's own name.
Result<Settings> parse(std::span<const char* const> arguments);
std::string help_text();

}  // namespace vrun::launcher

template <>
struct std::is_error_code_enum<vrun::launcher::OptionErrc> : std::true_type {};
