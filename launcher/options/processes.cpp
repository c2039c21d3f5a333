// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    Option{"n np", "COUNT", every_dialect, Scope::app,
           "start COUNT processes (default: one per slot)",
           [](Settings& s, std::string_view v) { return set_count(s.apps.back().count, v); }},
    Option{"c", "COUNT", openmpi, Scope::app,
           "the same as -n",
           [](Settings& s, std::string_view v) { return set_count(s.apps.back().count, v); }},
    Option{"N npernode", "COUNT", openmpi, Scope::job,
           "start exactly COUNT processes on each node",
           [](Settings& s, std::string_view v) { return set_count(s.placement.per_node, v); }},
};
// clang-format on

}  // namespace

Section process_section() {
    return {"How many processes", table};
}

}  // namespace vrun::launcher
