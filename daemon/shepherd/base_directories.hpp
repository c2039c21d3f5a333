// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/base_directories: the two directories that hold all files of a shepherd's jobs.
// /tmp/vrun-s.XXXXXX and /dev/shm/vrun-s.XXXXXX, mode 0700; job directories are made below them.
// Whoever is left, guard or shepherd, removes them as a whole when no rank is left. Both hold a
// lock (flock) on them: one that nobody holds is stale, and goes at the user's next opportunity.
#pragma once

#include "wire/base/fd.hpp"

#include <string>
#include <vector>

namespace vrun::shepherd {

struct BaseDirectories {
    std::string tmp;
    std::string shm;  // empty where there is no /dev/shm that we may write to
};

// Open as long as the directories are in use; where locks do not work they say nothing.
struct BaseLocks {
    UniqueFd tmp, shm;
};

struct MadeDirectories {
    BaseDirectories paths;
    BaseLocks locks;
};

// Where /tmp is not writable, $TMPDIR. Throws std::system_error when neither is.
MadeDirectories make_base_directories();

// What a guard and a shepherd that were killed at once left behind: locked by us from now on.
struct StaleDirectory {
    UniqueFd parent;
    std::string name;
    UniqueFd lock;
};

// This user's only: what belongs to others, a link, or a directory in use is not touched.
std::vector<StaleDirectory> stale_base_directories();
void remove_stale(std::vector<StaleDirectory> directories) noexcept;

// With all that is below, following no links, leaving what is mounted there. Returns whether
// nothing is left; an absent directory is removed already.
bool remove_tree(const std::string& directory) noexcept;

// Says on standard error what could not be removed.
void remove_base_directories(const BaseDirectories& directories) noexcept;

}  // namespace vrun::shepherd
