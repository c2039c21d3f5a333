// SPDX-License-Identifier: Apache-2.0
// daemon/resources: how many ranks this node takes, and why so many.
// The cores we may run on, bounded by the CPU quota, unless somebody set the number.
// Read when asked; a later change of cpuset or quota shows at the next reading.
#pragma once

#include "process/cpu_set.hpp"
#include "wire/messages/session.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace vrun::daemon {

struct Slots {
    std::uint32_t count = 1;
    std::string source;  // "4 cores", "cpu quota 1.5", "--slots"

    bool operator==(const Slots&) const = default;
};

Slots slots_of(std::uint32_t cores, std::optional<double> quota,
               std::optional<std::uint32_t> setting);

// How many cores these CPUs are, threads of one core counted once, as mpirun does. Where the
// kernel does not say which belong together, each counts.
std::uint32_t core_count(const process::CpuSet& cpus,
                         const std::filesystem::path& sys = "/sys/devices/system/cpu");

// Whether two nodes are containers on one machine that may run on the same cores.
bool share_cores(const wire::NodeInfo& one, const wire::NodeInfo& other);

// Which machine this is, whatever the container: the kernel's boot id, or nothing.
std::string boot_id();

}  // namespace vrun::daemon
