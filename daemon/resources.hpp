// SPDX-License-Identifier: Apache-2.0
// daemon/resources: how many ranks this node takes, and why so many.
// The cores we may run on, bounded by the CPU quota, unless somebody set the number.
// Read when asked; a later change of cpuset or quota shows at the next reading.
#pragma once

#include <cstdint>
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

// The cores that this process may run on, on machines of any size. Throws std::system_error.
std::uint32_t allowed_cores();

}  // namespace vrun::daemon
