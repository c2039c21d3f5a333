// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

std::optional<Error> add_export(std::vector<std::string>& target, std::string_view text) {
    if (text.empty() || text.front() == '=')
        return Error{OptionErrc::not_a_variable, std::string{text}};
    target.emplace_back(text);
    return std::nullopt;
}

// clang-format off
constexpr std::array table{
    Option{"wdir wd", "DIR", every_dialect, Scope::app,
           "start the processes in DIR (default: the current directory)",
           [](Settings& s, std::string_view v) { return set_text(s.apps.back().workdir, v); }},
    Option{"x", "NAME[=VALUE]", openmpi, Scope::app,
           "set a variable for the processes, or pass it on (repeatable)",
           [](Settings& s, std::string_view v) { return add_export(s.apps.back().exports, v); }},
};
// clang-format on

}  // namespace

Section environment_section() {
    return {"What the processes see", table};
}

}  // namespace vrun::launcher
