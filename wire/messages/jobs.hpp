// SPDX-License-Identifier: Apache-2.0
// wire/messages/jobs: which jobs there are, and what is asked of one from anywhere.
// vrunctl asks its daemon (JobCommand), that daemon asks the nodes; a job that was detached from
// its vrun is taken by another controller (TakeJob), which its nodes then tell what they have kept.
// Names and texts are other people's words: whoever prints them escapes them.
#pragma once

#include "wire/messages/failure.hpp"
#include "wire/messages/job_shape.hpp"

namespace vrun::wire {

enum class JobVerb : std::uint8_t { list, attach, wait, kill };
constexpr bool valid(JobVerb verb) {
    return verb <= JobVerb::kill;
}

// vrunctl to its daemon. Answered by JobList, JobAccepted or JobOutcome; or by JobRefused.
struct JobCommand {
    static constexpr auto type = MessageType::job_command;
    JobVerb verb = JobVerb::list;
    std::string id;           // how it begins is enough; of `list`: empty
    std::int32_t signal = 0;  // of `kill`

    template <class Archive>
    void serialize(Archive& archive) {
        archive(verb, id, signal);
    }
};

enum class JobPhase : std::uint8_t { launching, running, ending, ended };
constexpr bool valid(JobPhase phase) {
    return phase <= JobPhase::ended;
}

struct JobReport {  // a job, as one of its nodes knows it
    JobId job = 0;
    std::uint32_t owner = 0;
    NodeIndex self = 0;  // who says so; 0 is the root, which knows best
    std::uint64_t rank_count = 0, node_count = 0;
    std::vector<JobNode> nodes;  // in a list, perhaps the first alone
    std::vector<RankRun> runs;   // in a list: none
    std::uint32_t window = 0;
    std::string program;
    JobPhase phase = JobPhase::launching;
    std::uint64_t age_ms = 0;
    std::uint32_t ttl_ms = 0;  // as in LaunchJob; 0: not detached
    std::uint32_t turn = 0;    // how often it was taken
    bool attached = false;     // somebody reads its output
    std::string controller;    // the name of that node; empty: gone
    std::int32_t exit_code = 0;
    Failure failure;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(job, owner, self, rank_count, node_count, nodes, runs, window, program, phase,
                age_ms, ttl_ms, turn, attached, controller, exit_code, failure);
    }
};

struct JobList {
    static constexpr auto type = MessageType::job_list;
    std::vector<JobReport> jobs;
    std::vector<std::string> silent;    // nodes that did not answer
    std::vector<std::string> problems;  // of the sources

    template <class Archive>
    void serialize(Archive& archive) {
        archive(jobs, silent, problems);
    }
};

struct GetJobs {  // daemon to daemon
    static constexpr auto type = MessageType::get_jobs;
    std::uint64_t token = 0;  // comes back
    std::uint32_t uid = 0;    // whose; of root: all
    std::string id;           // that begin like this; empty: all

    template <class Archive>
    void serialize(Archive& archive) {
        archive(token, uid, id);
    }
};

struct JobReports {
    static constexpr auto type = MessageType::job_reports;
    std::uint64_t token = 0;
    std::vector<JobReport> jobs;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(token, jobs);
    }
};

}  // namespace vrun::wire
