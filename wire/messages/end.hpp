// SPDX-License-Identifier: Apache-2.0
// wire/messages/end: signals, failures and the end of a job.
// The job's root shepherd decides; others report up and obey down. Every failure carries the
// exit code that vrun shall return for it, so that one place chooses it.
#pragma once

#include "wire/messages/failure.hpp"
#include "wire/messages/times.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vrun::wire {

struct Signal {  // down: to every rank's process group
    static constexpr auto type = MessageType::signal;
    std::int32_t number = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(number);
    }
};

// terminate: TERM, after grace_ms KILL. kill: at once. sweep: all ranks are reaped, kill what
// they left behind, drain and report.
enum class EndMode : std::uint8_t { terminate, kill, sweep };
constexpr bool valid(EndMode mode) {
    return mode <= EndMode::sweep;
}

inline constexpr std::uint32_t end_grace_ms = 5'000;

struct EndJob {
    static constexpr auto type = MessageType::end_job;
    EndMode mode = EndMode::terminate;
    std::uint32_t grace_ms = end_grace_ms;
    Failure cause;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(mode, grace_ms, cause);
    }
};

struct RankExited {  // up, every rank once
    static constexpr auto type = MessageType::rank_exited;
    Rank rank = 0;
    bool signaled = false;
    std::int32_t code = 0;  // exit code or signal
    bool mid_mpi = false;   // it had called MPI_Init and not MPI_Finalize

    template <class Archive>
    void serialize(Archive& archive) {
        archive(rank, signaled, code, mid_mpi);
    }
};

struct AbortJob {  // up: MPI_Abort
    static constexpr auto type = MessageType::abort_job;
    Rank rank = 0;
    std::int32_t code = 0;
    std::string text;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(rank, code, text);
    }
};

struct JobFailed {  // root to vrun, once, as soon as it is known
    static constexpr auto type = MessageType::job_failed;
    Failure failure;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(failure);
    }
};

// A daemon to its shepherd and on to the root: this node of the job is gone. To vrun: the same.
struct NodeLost {
    static constexpr auto type = MessageType::node_lost;
    NodeIndex node = 0;
    std::string name;
    std::string address;
    std::string
        reason;  // "silent for 12 s", "its connection closed", "its shepherd died (signal 9)"

    template <class Archive>
    void serialize(Archive& archive) {
        archive(node, name, address, reason);
    }
};

struct NodeDone {  // up, merged: drained and cleaned up
    static constexpr auto type = MessageType::node_done;
    std::vector<NodeIndex> nodes;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(nodes);
    }
};

struct JobEnded {
    static constexpr auto type = MessageType::job_ended;
    std::int32_t exit_code = 0;
    Failure failure;              // kind none: all went well
    std::vector<NodeIndex> lost;  // nodes that cannot report any more
    JobTimes times = {};

    template <class Archive>
    void serialize(Archive& archive) {
        archive(exit_code, failure, lost, times);
    }
};

struct JobClosed {
    static constexpr auto type = MessageType::job_closed;

    template <class Archive>
    void serialize(Archive&) {}
};

}  // namespace vrun::wire
