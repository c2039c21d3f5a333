// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

std::optional<Error> set_map_by(wire::MapBy& target, std::string_view text) {
    if (text.find(':') != text.npos) return Error{OptionErrc::has_modifier, std::string{text}};
    if (text != "slot" && text != "node") return Error{OptionErrc::not_a_policy, std::string{text}};
    target = text == "slot" ? wire::MapBy::slot : wire::MapBy::node;
    return std::nullopt;
}

// clang-format off
constexpr std::array table{
    Option{"map-by", "POLICY", every_dialect, Scope::job,
           "slot: fill node after node (default); node: in turn",
           [](Settings& s, std::string_view v) { return set_map_by(s.placement.map_by, v); }},
    Option{"oversubscribe", "", openmpi, Scope::job,
           "allow more processes on a node than it has slots",
           [](Settings& s, std::string_view) { return set(s.placement.oversubscribe); }},
};
// clang-format on

}  // namespace

Section placement_section() {
    return {"Where", table};
}

}  // namespace vrun::launcher
