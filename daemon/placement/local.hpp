// SPDX-License-Identifier: Apache-2.0
// daemon/placement/local: which CPUs each rank of one node is bound to.
// Pure. The node itself calls it when a launch arrives, on the machine as other jobs left it, so
// the controller needs nobody's topology for it and two controllers cannot race.
#pragma once

#include "daemon/placement/meaning.hpp"
#include "wire/messages/launch.hpp"

#include <variant>

namespace vrun::daemon {

struct LocalPart {                            // of a job, on one node
    std::vector<std::uint32_t> ranks_of_app;  // by program
    Circumstances around = {};
    std::vector<std::string> rank_cpus =
        {};  // in rank order, of a rankfile or a PE list; else empty
};

// In rank order; an empty set: not bound. Or a sentence: why it cannot be, and what to type.
using Bindings = std::variant<std::vector<process::CpuSet>, std::string>;
Bindings local_bindings(const process::Machine& machine, const wire::Placement& policy,
                        const LocalPart& part);

// How many ranks of one program come from each round over the objects, in rank order: what
// ranking across nodes (span) interleaves.
std::vector<std::uint32_t> rounds_of(const process::Machine& machine, const Meaning& meaning,
                                     std::uint32_t ranks);

}  // namespace vrun::daemon
