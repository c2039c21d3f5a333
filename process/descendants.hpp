// SPDX-License-Identifier: Apache-2.0
// process/descendants: everything that was started below a process, found and killed.
// Read from /proc/PID/task/*/children; the caller is a child subreaper, so that what loses its
// parent becomes its child. Killing goes in rounds, since a process may fork while we look.
// What this user may not kill (a setuid program) is waited for, not abandoned.
#pragma once

#include <sys/types.h>
#include <asio/awaitable.hpp>
#include <functional>
#include <vector>

namespace vrun::process {

struct Descendant {
    pid_t pid;
    pid_t parent;
};

// Throws std::system_error when this kernel or /proc does not tell.
void require_descendants_readable();

std::vector<pid_t> children_of(pid_t parent);
std::vector<Descendant> descendants_of(pid_t ancestor);  // parents first

// Whether this process has a child, also one that is not reaped yet.
bool has_children() noexcept;

// To all of them, parents first.
void signal_descendants(int number);

// SIGKILL, unless the number has become a stranger's meanwhile: the process is pinned first, then
// its parent must be the one we saw, or we.
void kill_pinned(Descendant victim) noexcept;

// Reaps every child that has ended; orphans only where `is_kept` says that a pid has another
// owner who waits for it (a Child). Call it on SIGCHLD.
void reap_orphans(const std::function<bool(pid_t)>& is_kept);

using OnReaped = std::function<void(pid_t pid, int wait_status)>;

// One round: reaps what has ended, kills what is left below us. False: nothing is left.
bool kill_descendants_once(const OnReaped& on_reaped = {});

// Rounds until nothing is left. Blocks; SIGCHLD must be blocked in this thread. For the guard, and
// for a shepherd that lost its guard.
void kill_all_descendants(const OnReaped& on_reaped = {});

// The same for an event loop. Nobody else may wait for a child meanwhile.
asio::awaitable<void> sweep_descendants();

// Only what lost its parent and came to us, with all below it: `is_kept` names the children that
// we started ourselves. The caller is a child subreaper to whom no others send orphans.
asio::awaitable<void> sweep_orphans(std::function<bool(pid_t)> is_kept);

}  // namespace vrun::process
