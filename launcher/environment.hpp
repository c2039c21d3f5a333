// SPDX-License-Identifier: Apache-2.0
// launcher/environment: which of the caller's variables reach the ranks.
// Pure. All do, but for those that describe the caller's host or an outer launcher; -x, -genv and
// their like change that in the order in which they were written. The shepherds add who a rank is.
#pragma once

#include "launcher/options/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vrun::launcher {

using Assignments = std::vector<std::string>;  // "NAME=VALUE", sorted, no name twice

// False for what describes the caller's host or an outer launcher, and so misleads a rank.
bool is_inherited(std::string_view variable_name);

struct PassedEnvironment {
    Assignments of_all;                // what all programs see alike
    std::vector<Assignments> of_app;   // the rest, by program
    std::vector<std::string> kept;     // names that no program sees
    std::vector<std::string> notices;  // what was asked for and is not there
};

// `caller` is vrun's own environment, in any order.
PassedEnvironment passed_environment(const Settings& settings,
                                     const std::vector<std::string>& caller);

// For --display env: what each program sees, then what is kept back. Escaped.
std::vector<std::string> environment_lines(const Settings& settings,
                                           const PassedEnvironment& passed);

}  // namespace vrun::launcher
