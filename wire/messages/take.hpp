// SPDX-License-Identifier: Apache-2.0
// wire/messages/take: a job that another controller takes, awaits or ends.
// Its nodes tell the new controller what they have kept for whoever reads the job's output.
// Plain values; each names its MessageType, and its fields in the order they travel.
#pragma once

#include "wire/messages/failure.hpp"
#include "wire/messages/io.hpp"

#include <string>

namespace vrun::wire {

// A controller to every node of a detached job: it is mine, and somebody reads its output, or does
// no more. Of two, the one with the higher turn has it; of the same turn, the higher incarnation.
struct TakeJob {
    static constexpr auto type = MessageType::take_job;
    std::uint32_t turn = 0;
    bool reads = false;
    std::string by;  // "uid 1000 on node master"

    template <class Archive>
    void serialize(Archive& archive) {
        archive(turn, reads, by);
    }
};

// A node to the controller that has the job no more, or never got it; and to the one that took it,
// before all that it says in this turn. In the order of output.
struct JobTaken {
    static constexpr auto type = MessageType::job_taken;
    std::uint32_t turn = 0;
    Incarnation controller = 0;
    std::string by;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(turn, controller, by);
    }
};

struct AwaitJob {  // daemon to the root's: JobOutcome when it has ended
    static constexpr auto type = MessageType::await_job;
    JobId job = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(job);
    }
};

struct JobOutcome {  // back, and on to vrunctl
    static constexpr auto type = MessageType::job_outcome;
    JobId job = 0;
    bool is_known = true;  // false: the root's daemon knows nothing of it (any more)
    std::int32_t exit_code = 0;
    Failure failure;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(job, is_known, exit_code, failure);
    }
};

struct KillJob {  // daemon to the root's. TERM ends the job with grace, KILL at once
    static constexpr auto type = MessageType::kill_job;
    JobId job = 0;
    std::int32_t signal = 0;
    std::string by;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(job, signal, by);
    }
};

// A node to vrunctl, before its output: so much of it was dropped since the job began.
struct OutputDropped {
    static constexpr auto type = MessageType::output_dropped;
    StreamId stream = StreamId::out;
    std::uint64_t bytes = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(stream, bytes);
    }
};

}  // namespace vrun::wire
