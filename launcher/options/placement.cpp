// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"
#include "launcher/policy_words.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    Option{"map-by", "POLICY", every_dialect, Scope::job,
           "slot: fill node after node (default); node: in turn",
           [](Settings& s, std::string_view v) { return set_map_by(s.placement, v); }},
    Option{"oversubscribe", "", openmpi, Scope::job,
           "allow more processes on a node than it has slots",
           [](Settings& s, std::string_view) -> std::optional<Error> {
               s.placement.oversubscribe = wire::Choice::yes;
               return std::nullopt;
           }},
};
// clang-format on

}  // namespace

Section placement_section() {
    return {"Where", table};
}

}  // namespace vrun::launcher
