// SPDX-License-Identifier: Apache-2.0
#include "launcher/input_credits.hpp"

#include <algorithm>
#include <utility>

namespace vrun::launcher {

std::uint32_t InputCredits::add(wire::NodeIndex node, std::uint32_t bytes) {
    const auto found = given_.find(node);
    if (found == given_.end()) return 0;
    found->second += bytes;
    return take();
}

std::uint32_t InputCredits::leave_out(wire::NodeIndex node) {
    return given_.erase(node) == 0 ? 0 : take();
}

std::uint32_t InputCredits::take() {
    if (given_.empty()) return 0;
    const auto by_bytes = [](const auto& entry) { return entry.second; };
    const std::uint64_t least = std::ranges::min_element(given_, {}, by_bytes)->second;
    return static_cast<std::uint32_t>(least - std::exchange(taken_, least));
}

std::vector<wire::NodeIndex> InputCredits::readers() const {
    std::vector<wire::NodeIndex> nodes;
    for (const auto& [node, bytes] : given_)
        nodes.push_back(node);
    return nodes;
}

}  // namespace vrun::launcher
