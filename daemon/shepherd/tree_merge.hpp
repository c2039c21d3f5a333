// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/tree_merge: one report of a subtree out of this node's and its children's.
// Pure. Each child reports once for all below it; a lost child is no longer waited for, and what
// its subtree had to say is missing from the list, so the root learns of the loss separately.
#pragma once

#include "wire/tree.hpp"

#include <optional>
#include <span>
#include <vector>

namespace vrun::shepherd {

class TreeMerge {
public:
    TreeMerge(wire::NodeIndex self, std::size_t nodes);

    // From this node itself, or of a child's subtree. Whoever is not waited for is not heard.
    void report(wire::NodeIndex from, std::span<const wire::NodeIndex> nodes);
    void lose(wire::NodeIndex child);

    // The merged list, ascending, once: when this node and every child has reported or is lost.
    std::optional<std::vector<wire::NodeIndex>> take();

private:
    std::vector<wire::NodeIndex> awaited_;
    std::vector<wire::NodeIndex> reported_;
    bool taken_ = false;
};

}  // namespace vrun::shepherd
