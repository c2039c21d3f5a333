// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/job_directories: the directories of one job on this node.
// A session directory (the ranks' TMPDIR, Open MPI's session) and one in shared memory, mode 0700,
// below those of the shepherd. They are removed as a whole: ranks that are killed leave files.
#pragma once

#include "daemon/shepherd/base_directories.hpp"

#include <asio/awaitable.hpp>

namespace vrun::shepherd {

struct JobDirectories {
    std::string session;
    std::string shm;  // empty: no shared memory to be had here
};

// Throws std::system_error that names the directory.
JobDirectories make_job_directories(const BaseDirectories& base, const std::string& name);

// On a thread of its own, for a rank may leave a million files. False: something is left.
asio::awaitable<bool> remove_job_directories(JobDirectories directories);

}  // namespace vrun::shepherd
