// SPDX-License-Identifier: Apache-2.0
// daemon/placement: which rank runs on which node.
// Pure; the rules are those of Open MPI 4.1.4's mpirun: by slot, by node, -N, --oversubscribe,
// several programs one after the other. Work and result are per run of ranks, not per rank.
#pragma once

#include "wire/messages/answer.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/submit.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace vrun::daemon {

// More than any machine's processes, so that a mistyped -n does not take all memory.
inline constexpr std::uint32_t ranks_per_node_max = 65'536;

struct Candidate {
    std::string name;
    std::uint32_t slots = 1;
};

struct Placed {
    std::vector<wire::RankRun> runs;  // their node is an index into `nodes`
    std::vector<std::size_t> nodes;   // candidates that got ranks, in the order of their first rank
};

// `counts` are the ranks of each program; 0: one per slot (with -N: so many per node).
// Too few slots: the sentence says how many there are, where, and what to type.
std::variant<Placed, wire::JobRefused> place(std::span<const Candidate> nodes,
                                             std::span<const std::uint32_t> counts,
                                             const wire::Placement& policy);

}  // namespace vrun::daemon
