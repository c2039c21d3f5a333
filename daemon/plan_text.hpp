// SPDX-License-Identifier: Apache-2.0
// daemon/plan_text: a job's plan for people: --display allocation, map and topo.
// Pure text from what was found and placed, in the shape that Open MPI's mpirun gives it. What a
// rank is really bound to is reported by the rank's node, once it runs.
#pragma once

#include "daemon/membership.hpp"
#include "process/machine.hpp"
#include "wire/messages/answer.hpp"
#include "wire/messages/launch.hpp"
#include "wire/messages/submit.hpp"

namespace vrun::daemon {

// What `request` asked to see; the text is empty if it is nothing.
wire::ShownPlan shown_plan(const wire::SubmitJob& request, std::span<const Node> nodes,
                           std::span<const process::Machine> machines,
                           const wire::LaunchJob& launch);

}  // namespace vrun::daemon
