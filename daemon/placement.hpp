// SPDX-License-Identifier: Apache-2.0
// daemon/placement: which rank runs on which node.
// Pure; the rules are those of Open MPI 4.1.4's mpirun, or Hydra's by personality; several programs
// one after the other. Work and result are per run of ranks, not per rank. What a rank is bound to
// is its node's business (placement/local).
#pragma once

#include "process/machine.hpp"
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
    std::uint32_t max_slots = 0;                // a hostfile's; 0: not given
    const process::Machine* machine = nullptr;  // only when needs_machines()
};

struct Ask {                   // of one program
    std::uint32_t count = 0;   // 0: one per slot, or with -N so many per node
    std::vector<bool> usable;  // which candidates; empty: all
};

struct Placed {
    std::vector<wire::RankRun> runs;     // their node is an index into `nodes`
    std::vector<std::size_t> nodes;      // candidates that got ranks, in the order of their first
    bool oversubscribed = false;         // some node has more ranks than slots
    std::vector<std::string> rank_cpus;  // of a rankfile or list: each rank's processors
};

// Whether the candidates' objects are to be counted.
bool needs_machines(const wire::Placement& policy);

// Too few slots: the sentence says how many there are, where, and what to type.
std::variant<Placed, wire::JobRefused> place(std::span<const Candidate> nodes,
                                             std::span<const Ask> programs,
                                             const wire::Placement& policy);

}  // namespace vrun::daemon
