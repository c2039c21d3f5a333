// SPDX-License-Identifier: Apache-2.0
#include "process/traps.hpp"

namespace vrun::process {

// With scope 1 the libraries allow each other by prctl(PR_SET_PTRACER).
bool refuses_single_copy(const wire::UserFacts& facts) noexcept {
    constexpr int scope_restricted = 1;
    if (facts.own_copy_error != 0) return true;
    return facts.other_copy_error != 0 && facts.ptrace_scope != scope_restricted;
}

bool is_shm_short(const wire::UserFacts& facts, std::uint64_t ranks,
                  std::uint64_t per_rank) noexcept {
    return !facts.has_shm || facts.shm_free < ranks * per_rank;
}

}  // namespace vrun::process
