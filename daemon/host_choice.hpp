// SPDX-License-Identifier: Apache-2.0
// daemon/host_choice: which hosts a request names, and for which of its programs.
// Pure: --host words, hostfile texts and rankfiles to entries. With both, --host chooses from the
// files, as mpirun does. The request names all; a program with hosts of its own uses only these.
#pragma once

#include "daemon/membership.hpp"
#include "daemon/placement/lists.hpp"
#include "wire/messages/answer.hpp"
#include "wire/messages/submit.hpp"

#include <variant>

namespace vrun::daemon {

// The hosts that all programs together may use; empty when none was named.
std::variant<std::vector<discovery::HostEntry>, wire::JobRefused> chosen_hosts(
    const wire::SubmitJob& request);

// Which of `nodes` the program may use; empty: all.
std::vector<bool> usable_by(const wire::SubmitJob& request, std::size_t program,
                            std::span<const Node> nodes);

// The host of each rank, when the policy is a list; empty when it is not.
std::variant<std::vector<ListedRank>, wire::JobRefused> listed_ranks(
    const wire::SubmitJob& request);

// Sets the max_slots that the hostfiles give.
void limit_slots(std::vector<Node>& nodes, std::span<const discovery::HostEntry> hosts);

}  // namespace vrun::daemon
