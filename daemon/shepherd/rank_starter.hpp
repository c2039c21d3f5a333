// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/rank_starter: puts together what a local rank needs, and starts it.
// Environment, working directory, program, pipes, limits: each step may fail with a sentence for
// the user and an exit code. One rank takes about half a millisecond of the loop.
#pragma once

#include "daemon/shepherd/environment.hpp"
#include "daemon/shepherd/guard.hpp"
#include "daemon/shepherd/job_directories.hpp"
#include "daemon/shepherd/pmi_sockets.hpp"
#include "daemon/shepherd/preload.hpp"
#include "daemon/shepherd/rank_io.hpp"
#include "daemon/shepherd/ranks.hpp"
#include "pmix/server.hpp"
#include "wire/messages/notice.hpp"

#include <functional>

namespace vrun::shepherd {

class RankStarter {
public:
    struct Parts {  // all outlive the starter
        const wire::StartRanks& start;
        pmix::Server& server;
        PmiSockets& pmi;
        RankIo& io;
        Ranks& ranks;
        const Preload& preload;
        std::function<void(wire::NodeNotice)> notify;  // what is odd here; more than once
    };

    RankStarter(Parts parts, std::optional<int> oom_score_adj);

    // The job's directories exist and the PMIx server knows it. Throws std::system_error when the
    // node is out of something (descriptors, processes).
    std::optional<wire::StartFailed> start(const RankPlace& place,
                                           const JobDirectories& directories);

    void use(std::vector<std::string> remedies) { remedies_ = std::move(remedies); }

    // Where this rank would start. The same conditions; empty when it could not.
    std::optional<Preload::Ground> ground(const RankPlace& place,
                                          const JobDirectories& directories) const;

    // The node as a whole, or with `rank`, cannot start. The words are clipped.
    wire::StartFailed failure(const Error& error, int exit_code,
                              std::optional<wire::Rank> rank = {}) const;

private:
    std::optional<wire::StartFailed> start_shell(const RankPlace& place);
    void look_at(const process::ChildPlan& child);
    NodeEnvironment node(const JobDirectories& directories) const;
    Result<std::string> program_of(const RankPlace& place, const process::ChildPlan& child) const;
    process::ChildPlan plan(const RankPlace& place, std::vector<std::string> environment) const;
    process::CpuSet cpus_of(std::uint32_t local_rank) const;

    Parts parts_;
    std::optional<int> oom_score_adj_;
    std::vector<std::string> remedies_;
    std::string host_name_;
    std::uint32_t cores_;
};

}  // namespace vrun::shepherd
