// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/shared_memory: what MPI libraries leave in /dev/shm when their ranks are killed.
// Some choose the place and the name themselves, outside of the job's directory. Such a file of
// ours is removed if no process on this machine has it open or mapped: the kernel is asked, so
// other jobs, also those in other containers, keep theirs.
#pragma once

#include <string>

namespace vrun::shepherd {

void remove_orphaned_shared_memory(const std::string& directory = "/dev/shm") noexcept;

}  // namespace vrun::shepherd
