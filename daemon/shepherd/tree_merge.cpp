// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/tree_merge.hpp"

#include <algorithm>

namespace vrun::shepherd {

using wire::NodeIndex;

TreeMerge::TreeMerge(NodeIndex self, std::size_t nodes)
    : awaited_{wire::tree_children(self, static_cast<NodeIndex>(nodes))} {
    awaited_.push_back(self);
}

void TreeMerge::report(NodeIndex from, std::span<const NodeIndex> nodes) {
    if (std::erase(awaited_, from) == 0) return;
    reported_.insert(reported_.end(), nodes.begin(), nodes.end());
}

void TreeMerge::lose(NodeIndex child) {
    std::erase(awaited_, child);
}

std::optional<std::vector<NodeIndex>> TreeMerge::take() {
    if (taken_ || !awaited_.empty()) return std::nullopt;
    taken_ = true;
    std::ranges::sort(reported_);
    return std::move(reported_);
}

}  // namespace vrun::shepherd
