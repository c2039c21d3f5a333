// SPDX-License-Identifier: Apache-2.0
// process/user_facts: measures what this host lets a process of this user do.
// A few system calls, a hundred microseconds; nothing is started and nothing stays. `other` is a
// process forked from this one (or its parent), so that an address here is one there.
#pragma once

#include "wire/messages/health.hpp"

#include <sys/types.h>

namespace vrun::process {

struct Places {
    std::string tmp;  // where a job's directories are made
    std::string shm;  // empty: /dev/shm takes none
};

wire::UserFacts user_facts(pid_t other, const Places& places) noexcept;

std::uint64_t free_bytes(const std::string& directory) noexcept;  // 0: cannot be told

}  // namespace vrun::process
