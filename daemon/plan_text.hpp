// SPDX-License-Identifier: Apache-2.0
// daemon/plan_text: a job's plan for people: --display allocation, map and topo.
// Pure text from what was found and placed, in the shape that Open MPI's mpirun gives it. What a
// rank is really bound to is reported by the rank's node, once it runs.
#pragma once

#include "daemon/membership.hpp"
#include "process/machine.hpp"
#include "wire/messages/launch.hpp"

namespace vrun::daemon {

std::string allocation_text(std::span<const Node> nodes);
std::string map_text(const wire::LaunchJob& launch);
std::string topology_text(std::span<const Node> nodes, std::span<const process::Machine> machines);

}  // namespace vrun::daemon
