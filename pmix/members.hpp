// SPDX-License-Identifier: Apache-2.0
// pmix/members: which nodes a collective concerns.
// libpmix names ranks; the tree carries nodes. Pure, over the job's rank runs.
// A list of one job only: collectives over several jobs are not supported yet.
#pragma once

#include "pmix/upcalls.hpp"
#include "wire/base/result.hpp"
#include "wire/messages/launch.hpp"

#include <span>

namespace vrun::pmix {

struct FenceMembers {
    std::uint64_t hash = 0;        // of the list, whatever its order
    std::vector<NodeIndex> nodes;  // that hold a member, ascending; empty: every node of the job
};

// Errors are of pmix::category(): not_supported (another namespace), not_found (no such rank),
// bad_param (an empty list).
Result<FenceMembers> members_of(std::vector<Member> members, const wire::LaunchJob& launch);

}  // namespace vrun::pmix
