// SPDX-License-Identifier: Apache-2.0
// daemon/placement/hydra_bindings: binding as MPICH's Hydra does it.
// Ranks of a node go round the objects of -map-by; each time one comes round, the next objects of
// -bind-to inside it are taken, and again from the first when all were.
#pragma once

#include "daemon/placement/local.hpp"

namespace vrun::daemon {

std::vector<process::CpuSet> hydra_bindings(const process::Machine& machine,
                                            const wire::Placement& policy, std::size_t ranks);

// "0+4,1-2,3x2": each rank's CPUs, 3 for two ranks; ranks beyond the list are not bound.
Bindings hydra_user_bindings(std::string_view words, std::size_t ranks);

}  // namespace vrun::daemon
