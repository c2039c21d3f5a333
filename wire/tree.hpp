// SPDX-License-Identifier: Apache-2.0
// wire/tree: the shape of a job's tree over its nodes.
// Node 0 is the root; node i has the children radix*i+1 … radix*i+radix. Pure arithmetic, so
// every node knows the whole tree from the number of nodes alone.
#pragma once

#include "wire/message_type.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace vrun::wire {

inline constexpr NodeIndex tree_radix = 16;

constexpr std::optional<NodeIndex> tree_parent(NodeIndex node) {
    if (node == 0) return std::nullopt;
    return (node - 1) / tree_radix;
}

constexpr std::vector<NodeIndex> tree_children(NodeIndex node, NodeIndex nodes) {
    std::vector<NodeIndex> children;
    const std::uint64_t first = std::uint64_t{tree_radix} * node + 1;
    for (std::uint64_t child = first; child < first + tree_radix && child < nodes; ++child)
        children.push_back(static_cast<NodeIndex>(child));
    return children;
}

// The neighbour of `from` on the way to `to` (another node): a child, or the parent.
constexpr NodeIndex tree_next_hop(NodeIndex from, NodeIndex to) {
    for (NodeIndex at = to; at > from;) {
        const NodeIndex parent = *tree_parent(at);
        if (parent == from) return at;
        at = parent;
    }
    return *tree_parent(from);
}

// `node` and every node below it.
constexpr std::vector<NodeIndex> tree_subtree(NodeIndex node, NodeIndex nodes) {
    std::vector<NodeIndex> found{node};
    for (std::size_t i = 0; i < found.size(); ++i)
        for (const NodeIndex child : tree_children(found[i], nodes))
            found.push_back(child);
    return found;
}

}  // namespace vrun::wire
