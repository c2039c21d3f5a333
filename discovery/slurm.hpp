// SPDX-License-Identifier: Apache-2.0
// discovery/slurm: the nodes of a Slurm allocation, from the variables that Slurm sets.
// Pure, and no Slurm program is asked: a container rarely has one. Names come in the order of
// `scontrol show hostnames`; memory is bounded, whatever a variable claims.
#pragma once

#include "discovery/hostfile.hpp"

#include <functional>
#include <optional>

namespace vrun::discovery {

// "n[1-3,07],login": n1, n2, n3, n07, login. Not empty.
Result<std::vector<std::string>> slurm_hostnames(std::string_view list);

// "2(x3),1": 2, 2, 2, 1; one number for each of `nodes`.
Result<std::vector<std::uint32_t>> slurm_counts(std::string_view words, std::size_t nodes);

// The value of a variable of the environment, if it is set.
using Variable = std::function<std::optional<std::string>(const char* name)>;

// Slots are the allocation's tasks per node, times the CPUs of a task where that is set. In a step
// (`srun vrund`) the tasks are the daemons themselves: there, and when no tasks are told, slots are
// the allocation's CPUs per node; told neither, they are the node's to say. The Error names the
// variable.
Result<std::vector<HostEntry>> slurm_hosts(const Variable& variable);

}  // namespace vrun::discovery
