// SPDX-License-Identifier: Apache-2.0
// process/oom_score: who is killed first when memory runs out.
// Daemon, guard and shepherd step back (needs CAP_SYS_RESOURCE, else nothing happens), so that the
// kernel takes a rank; ranks get the ordinary value back through ChildPlan::oom_score_adj.
#pragma once

#include <optional>
#include <sys/types.h>

namespace vrun::process {

inline constexpr int protected_oom_score_adj = -500;

std::optional<int> oom_score_adj_of(pid_t pid);

// Lowers our own to `protected_oom_score_adj` where that is allowed; never raises it.
void protect_from_oom_killer() noexcept;

}  // namespace vrun::process
