// SPDX-License-Identifier: Apache-2.0
// daemon/cgroup: how much CPU time the control groups around this process leave it.
// Reads the version 1 and version 2 hierarchies, each from our group up to the mount point;
// the smallest quota of the chain rules. What lies above a container's mount is not visible.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::daemon {

// Cores' worth of time: 1.5 for "150000 100000"; empty: no limit, or not understood.
std::optional<double> quota_of_cpu_max(std::string_view text);
std::optional<double> quota_of_cfs(std::string_view quota_us, std::string_view period_us);

struct CpuHierarchy {
    int version = 2;
    std::string mount_point;
    std::string group;  // ours, below the mount point: "" or "a/b"

    bool operator==(const CpuHierarchy&) const = default;
};

// From /proc/self/cgroup and /proc/self/mountinfo.
std::vector<CpuHierarchy> cpu_hierarchies(std::string_view cgroup, std::string_view mountinfo);

// `root` stands for "/": /proc and the mount points are looked for below it.
std::optional<double> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace vrun::daemon
