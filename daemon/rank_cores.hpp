// SPDX-License-Identifier: Apache-2.0
// daemon/rank_cores: which CPUs a job's ranks on this node get, beside those of other jobs.
// Pure. Bound ranks get what is free first; if that is not enough, ranks run unbound, and
// a user who asked for a binding is told. A rank that may move among many cores holds only as many
// of them as it needs.
#pragma once

#include "daemon/placement/local.hpp"

namespace vrun::daemon {

struct CorePlan {
    std::vector<process::CpuSet> ranks;  // ascending; an empty set: not bound
    process::CpuSet held;                // what the job takes from other jobs
    std::string notice;                  // for the user
    std::string problem;                 // why the ranks cannot start; then nothing else is set
};

// `machine`: what this daemon may use. `taken`: what its other jobs hold. `launch` is valid.
CorePlan plan_cores(const process::Machine& machine, const process::CpuSet& taken,
                    const wire::LaunchJob& launch, wire::NodeIndex node, bool cores_are_shared);

// Whether plan_cores() would bind nothing, whatever the machine.
bool never_binds(const wire::LaunchJob& launch);

}  // namespace vrun::daemon
