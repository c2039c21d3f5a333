// SPDX-License-Identifier: Apache-2.0
// wire/messages/answer: what vrun hears of its request before the job starts.
// One of JobAccepted and JobRefused, after any number of Progress and ShownPlan.
// Plain values; each names its MessageType, and its fields in the order they travel.
#pragma once

#include "wire/messages/job_shape.hpp"

#include <vector>

namespace vrun::wire {

struct JobAccepted {
    static constexpr auto type = MessageType::job_accepted;
    std::vector<JobNode> nodes;
    std::vector<RankRun> runs;
    std::string network;               // "10.1.0.0/16 (eth1)"; empty when all ranks are on one node
    std::uint32_t window = 0;          // bytes of output credit per node and stream
    std::vector<std::string> notices;  // for the user, a line each
    std::uint32_t lease_ms = 0;        // vrun counts the daemon lost 2 s after it; 0: not said

    template <class Archive>
    void serialize(Archive& archive) {
        archive(nodes, runs, network, window, notices, lease_ms);
    }
};

struct JobRefused {
    static constexpr auto type = MessageType::job_refused;
    std::int32_t exit_code = 0;
    std::string sentence;  // what is wrong and what to type; may have several lines

    template <class Archive>
    void serialize(Archive& archive) {
        archive(exit_code, sentence);
    }
};

struct ShownPlan {  // what --display asked for, before JobAccepted
    static constexpr auto type = MessageType::shown_plan;
    std::string text;
    bool is_all = false;  // --do-not-launch: no job follows

    template <class Archive>
    void serialize(Archive& archive) {
        archive(text, is_all);
    }
};

struct Progress {
    static constexpr auto type = MessageType::progress;
    std::string text;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(text);
    }
};

}  // namespace vrun::wire
