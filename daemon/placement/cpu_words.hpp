// SPDX-License-Identifier: Apache-2.0
// daemon/placement/cpu_words: which CPUs a user's list of processors means on one machine.
// As mpirun: "0,2-4" are cores (or threads, where these are processors), "1:0-1" cores 0 and 1 of
// package 1, "s0-1" whole packages, `*` all; several parts are separated by `;`. Counted, not
// named.
#pragma once

#include "process/machine.hpp"

namespace vrun::daemon {

Result<process::CpuSet> cpus_of_words(const process::Machine& machine, std::string_view words,
                                      bool hwthreads);

}  // namespace vrun::daemon
