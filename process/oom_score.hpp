// SPDX-License-Identifier: Apache-2.0
// process/oom_score: who is killed first when memory runs out.
// Guard and shepherd step back (needs CAP_SYS_RESOURCE, else nothing happens; a root daemon does it
// for a user's shepherd), so that the kernel takes a rank; ranks get the daemon's own value back
// through ChildPlan::oom_score_adj, written by the child: raising it needs no right.
#pragma once

#include <sys/types.h>
#include <optional>

namespace vrun::process {

inline constexpr int protected_oom_score_adj = -500;

std::optional<int> oom_score_adj_of(pid_t pid);

// Lowers our own to `protected_oom_score_adj` where that is allowed; never raises it.
void protect_from_oom_killer() noexcept;

}  // namespace vrun::process
