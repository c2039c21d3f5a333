// SPDX-License-Identifier: Apache-2.0
// launcher/option_table: every option of vrun, one row each.
// The parser, --help and the nearest-name hint read the same rows; a new option is a new row.
// Rows only change Settings: what needs a file, the environment or a terminal happens later.
#pragma once

#include "launcher/options.hpp"

namespace vrun::launcher {

enum class Group : unsigned char { processes, hosts, placement, environment, other };
enum class Scope : unsigned char { app, job };  // app: each program of `a : b` has its own

struct Option {
    std::string_view names;  // "n np c", without dashes; the first is the one to teach
    std::string_view value;  // "COUNT"; empty for a switch
    Group group;
    Scope scope;
    std::string_view help;
    std::error_code (*apply)(Settings&, std::string_view value);
};

std::span<const Option> options() noexcept;
std::string_view title_of(Group group) noexcept;

// The names of an option, one by one.
std::vector<std::string_view> names_of(const Option& option);

// Null if there is none. `name` is without dashes, in exact case.
const Option* find_option(std::string_view name);

// The known name that needs the fewest changes to become `name`; empty if all are far away.
std::string_view nearest_option(std::string_view name);

// "-n" or "--host": the usual spelling.
std::string dashed(std::string_view name);

}  // namespace vrun::launcher
