// SPDX-License-Identifier: Apache-2.0
// daemon/planning: from what a user asked and what was found to a job that can be launched.
// Pure: nodes and placement to a LaunchJob, and the
// sentences for what cannot be.
#pragma once

#include "daemon/host_choice.hpp"
#include "wire/messages/answer.hpp"
#include "wire/messages/launch.hpp"

#include <variant>

namespace vrun::daemon {

// How many slots the request is sure to need; 0: as many as there are.
std::uint64_t slots_wanted(const wire::SubmitJob& request);

// Why no job can start with these hosts, if a host that was named cannot be used.
std::optional<wire::JobRefused> refusal_of(const Gathered& found, bool hosts_were_named);

// Everything but identity, controller and lease. `machines` are those of the nodes found, when
// needs_machines(); else empty.
std::variant<wire::LaunchJob, wire::JobRefused> plan(
    const wire::SubmitJob& request, const Gathered& found,
    std::span<const process::Machine> machines = {});

// A line each for hosts that were not reached though the job starts without them.
std::vector<std::string> notices_of(const Gathered& found);

}  // namespace vrun::daemon
