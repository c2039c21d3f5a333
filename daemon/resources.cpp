// SPDX-License-Identifier: Apache-2.0
#include "daemon/resources.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <fstream>

namespace vrun::daemon {

Slots slots_of(std::uint32_t cores, std::optional<double> quota,
               std::optional<std::uint32_t> setting) {
    if (setting) return {std::max(*setting, 1u), "--slots"};
    cores = std::max(cores, 1u);
    if (quota && std::ceil(*quota) < cores)
        return {std::max(static_cast<std::uint32_t>(std::ceil(*quota)), 1u),
                fmt::format("cpu quota {:.3g}", *quota)};
    return {cores, cores == 1 ? "1 core" : fmt::format("{} cores", cores)};
}

std::uint32_t core_count(const process::CpuSet& cpus, const std::filesystem::path& sys) {
    process::CpuSet counted;
    std::uint32_t cores = 0;
    for (const unsigned cpu : cpus.cpus()) {
        if (counted.contains(cpu)) continue;
        ++cores;
        counted.add(cpu);
        std::ifstream file{sys / ("cpu" + std::to_string(cpu)) / "topology/thread_siblings_list"};
        std::string text;
        std::getline(file, text);
        if (const auto siblings = process::CpuSet::of_text(text)) counted |= *siblings;
    }
    return cores;
}

bool share_cores(const wire::NodeInfo& one, const wire::NodeInfo& other) {
    if (one.machine.empty() || one.machine != other.machine) return false;
    const auto cpus = process::CpuSet::of_text(one.cpus),
               others = process::CpuSet::of_text(other.cpus);
    return cpus && others && cpus->intersects(*others);
}

std::string boot_id() {
    std::ifstream file{"/proc/sys/kernel/random/boot_id"};
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace vrun::daemon
