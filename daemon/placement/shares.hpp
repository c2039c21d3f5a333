// SPDX-License-Identifier: Apache-2.0
// daemon/placement/shares: how many ranks of a program go to each node.
// Pure sums over nodes, never over ranks; the rules are those of Open MPI 4.1.4's mappers. Whether
// a node may take so many is asked afterwards.
#pragma once

#include "daemon/placement.hpp"

namespace vrun::daemon {

using Shares = std::vector<std::uint64_t>;  // ranks, or slots, per candidate

std::uint64_t sum(const Shares& shares);

struct Room {  // what the nodes have for the next program
    std::span<const Candidate> nodes;
    const Shares& taken;              // ranks of the programs before it
    const std::vector<bool>& usable;  // by this program; empty: all
    bool oversubscribe = false;

    bool is_usable(std::size_t node) const { return usable.empty() || usable[node]; }
    std::uint64_t free(std::size_t node) const;
    Shares free_slots() const;
    std::uint64_t slot_total() const;
    // Whether a count per node or object is for this node: not when it is full.
    bool takes_more(std::size_t node) const {
        return is_usable(node) && (oversubscribe || free(node) > 0);
    }
};

// Fills node after node, then gives what is left to those that stand lowest.
Shares shares_by_slot(const Room& room, std::uint64_t count);
// One in turn while there are slots, or without regard for slots if there are too few of them.
Shares shares_by_node(const Room& room, std::uint64_t count);
// As many as `wanted` says, node after node.
Shares shares_as_wanted(std::uint64_t count, Shares wanted);
// Evenly over the objects of all nodes; `objects` are how many each has.
Shares shares_by_span(std::uint64_t count, const Shares& objects);

}  // namespace vrun::daemon
