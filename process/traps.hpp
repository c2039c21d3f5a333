// SPDX-License-Identifier: Apache-2.0
// process/traps: what a container often has too little of, and where that bites.
// Pure: facts in, verdicts out. The shepherd asks to set its ranks right, vrunctl doctor to say it.
#pragma once

#include "wire/messages/health.hpp"

namespace vrun::process {

// What Open MPI puts into /dev/shm for each rank of a node: 4 has segments of 4 MiB, 5 of 16 MiB.
inline constexpr std::uint64_t shm_per_rank = 20u << 20;
// What MPICH may: its queues, or UCX's.
inline constexpr std::uint64_t shm_per_rank_min = 5u << 20;

// A path in it names a socket of at most 107 letters; Open MPI and Python add up to 40.
inline constexpr std::uint32_t directory_length_max = 64;

// Four for each rank, and what a shepherd has besides.
constexpr std::uint64_t open_files_for(std::uint64_t ranks) {
    return 64 + 4 * ranks;
}

// process_vm_readv() between two ranks fails: a filter (seccomp), or a setting of the kernel.
bool refuses_single_copy(const wire::UserFacts& facts) noexcept;

bool is_shm_short(const wire::UserFacts& facts, std::uint64_t ranks,
                  std::uint64_t per_rank = shm_per_rank) noexcept;

}  // namespace vrun::process
