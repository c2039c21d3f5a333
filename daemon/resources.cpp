// SPDX-License-Identifier: Apache-2.0
#include "daemon/resources.hpp"

#include "wire/base/handle.hpp"
#include "wire/base/result.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <algorithm>
#include <cmath>

namespace vrun::daemon {
namespace {

struct FreeCpuSet {
    void operator()(cpu_set_t* set) const noexcept { CPU_FREE(set); }
};

}  // namespace

Slots slots_of(std::uint32_t cores, std::optional<double> quota,
               std::optional<std::uint32_t> setting) {
    if (setting) return {std::max(*setting, 1u), "--slots"};
    cores = std::max(cores, 1u);
    if (quota && std::ceil(*quota) < cores)
        return {std::max(static_cast<std::uint32_t>(std::ceil(*quota)), 1u),
                fmt::format("cpu quota {:.3g}", *quota)};
    return {cores, cores == 1 ? "1 core" : fmt::format("{} cores", cores)};
}

std::uint32_t allowed_cores() {
    // The kernel refuses a set smaller than its own, and does not say how large that is.
    for (int size = CPU_SETSIZE;; size *= 2) {
        const std::unique_ptr<cpu_set_t, FreeCpuSet> set{CPU_ALLOC(size)};
        if (!set) throw std::bad_alloc{};
        const std::size_t bytes = CPU_ALLOC_SIZE(size);
        if (::sched_getaffinity(0, bytes, set.get()) == 0)
            return static_cast<std::uint32_t>(CPU_COUNT_S(bytes, set.get()));
        if (errno != EINVAL) check(-1, "sched_getaffinity");
    }
}

}  // namespace vrun::daemon
