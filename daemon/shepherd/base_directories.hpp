// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/base_directories: the two directories that hold all files of a shepherd's jobs.
// /tmp/vrun-s.XXXXXX and /dev/shm/vrun-s.XXXXXX, mode 0700; job directories are made below them.
// Whoever is left, guard or shepherd, removes them as a whole when no rank is left.
#pragma once

#include <string>

namespace vrun::shepherd {

struct BaseDirectories {
    std::string tmp;
    std::string shm;  // empty where there is no /dev/shm that we may write to
};

// Where /tmp is not writable, $TMPDIR. Throws std::system_error when neither is.
BaseDirectories make_base_directories();

// With all that is below, following no links, leaving what is mounted there. Returns whether
// nothing is left; an absent directory is removed already.
bool remove_tree(const std::string& directory) noexcept;

// Says on standard error what could not be removed.
void remove_base_directories(const BaseDirectories& directories) noexcept;

}  // namespace vrun::shepherd
