// SPDX-License-Identifier: Apache-2.0
// wire/messages/failure: why a job failed, and the exit code that vrun returns for it.
// Whoever meets a failure fills one in; the job's root keeps the first. docs/exit-codes.md is the
// page of these codes for users.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

#include <cstdint>
#include <string>

namespace vrun::wire {

// Our own exit codes; a rank's code, or 128 + signal, otherwise.
namespace exit_code {
inline constexpr int left_without_finalize = 1, usage = 2, output_failed = 74, timed_out = 110,
                     too_few_slots = 120, node_lost = 121, daemon_lost = 122, refused = 123,
                     no_job = 124, not_preloaded = 125, not_executable = 126, not_found = 127,
                     reader_gone = 141;
}

enum class FailureKind : std::uint8_t {
    none,
    exited,         // code: the exit code
    signaled,       // code: the signal
    not_finalized,  // exit 0 between MPI_Init and MPI_Finalize
    aborted,        // MPI_Abort; code: its argument
    not_started,    // text says why
    node_lost,      // text says how
    cancelled,      // vrun was told to end; code: the signal, or 0
    client_gone,    // vrun ended, or its reader did
    lease_expired,
    timed_out,  // --timeout, --spawn-timeout
};
constexpr bool valid(FailureKind kind) {
    return kind <= FailureKind::timed_out;
}

struct Failure {
    FailureKind kind = FailureKind::none;
    NodeIndex node = to_controller;  // to_controller: no node's fault
    std::string node_name;
    bool has_rank = false;
    Rank rank = 0;
    std::int32_t code = 0;
    std::string text;
    std::int32_t exit_code = 0;  // what vrun returns

    template <class Archive>
    void serialize(Archive& archive) {
        archive(kind, node, node_name, has_rank, rank, code, text, exit_code);
    }
};

}  // namespace vrun::wire
