// SPDX-License-Identifier: Apache-2.0
// process/memory: how much memory a process has, as the kernel counts it.
// Read from /proc/PID/statm, which everybody may read; shared pages count for each who has them.
#pragma once

#include <sys/types.h>
#include <cstddef>

namespace vrun::process {

// The resident set in bytes; 0 when there is no such process.
std::size_t resident_size(pid_t pid);

}  // namespace vrun::process
