// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/guard: the process in front of a shepherd that lets nothing outlive it.
// Guard and shepherd are child subreapers and watch each other: at the end of one the other kills
// what /proc lists below it until nothing is left, and removes the base directories.
// Start it before any library or thread.
#pragma once

#include "daemon/shepherd/base_directories.hpp"
#include "wire/base/fd.hpp"

#include <sys/types.h>
#include <functional>
#include <optional>

namespace vrun::shepherd {

struct Guarded {  // what a shepherd gets from its guard
    BaseDirectories directories;
    BaseLocks locks = {};
    UniqueFd guard_gone = {};  // end of file once the guard is dead: call sweep_without_guard()
    pid_t guard = 0;
    std::optional<int> rank_oom_score_adj = {};  // for the ranks' ChildPlan
};

// Forks: `child_main` runs in the child (a group of its own), which ends with its result; the
// caller is the guard and closes all descriptors but 0, 1, 2 and the lifeline. Returns the child's
// exit code, or 128 + signal, once no descendant and no base directory is left. The end begins when
// the child ends, at EOF of `lifeline` (only the guard's parent holds its other end), or at
// SIGTERM, which the kernel also sends when the thread that started us ends. No time limit: what
// cannot be killed (setuid program, stuck in the kernel) is waited for, not abandoned.
int run_guarded(UniqueFd lifeline, const std::function<int(Guarded)>& child_main);

// In the shepherd, when its guard is dead: kills all descendants, removes the directories. The
// caller then ends the process. Blocks.
void sweep_without_guard(const BaseDirectories& directories);

}  // namespace vrun::shepherd
