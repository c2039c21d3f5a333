// SPDX-License-Identifier: Apache-2.0
// wire/messages/launch: a job as the daemons and shepherds see it, and how its start is reported.
// LaunchJob goes down the job's tree as one body, encoded once (daemon/launch_body).
// Plain values; each names its MessageType, and its fields in the order they travel.
#pragma once

#include "wire/identity.hpp"
#include "wire/messages/health.hpp"
#include "wire/messages/job_shape.hpp"
#include "wire/messages/submit.hpp"

namespace vrun::wire {

struct LaunchJob {
    static constexpr auto type = MessageType::launch_job;
    JobId job = 0;
    Identity identity;  // who runs it, as the controller's kernel said
    Incarnation controller = 0;
    std::vector<JobNode> nodes;  // index 0 is the root of the tree
    std::vector<RankRun> runs;
    std::vector<App> apps;
    std::vector<std::string> environment;
    std::uint32_t umask = 022;
    std::vector<ResourceLimit> limits;
    Streams streams;
    std::uint32_t universe = 0;  // as in SubmitJob
    Tolerance tolerance;
    bool shows_progress = false;
    std::uint32_t lease_ms = 10'000;
    std::uint32_t window = 0;  // bytes of output credit per node and stream, at the start
    std::vector<PreloadFile> files;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(job, identity, controller, nodes, runs, apps, environment, umask, limits, streams,
                universe, tolerance, shows_progress, lease_ms, window, files);
    }
};

struct Network {            // what ranks are told; empty strings: do not say
    std::string cidr;       // "10.1.0.0/16"
    std::string interface;  // "eth1"
    std::string address;    // of this node there

    template <class Archive>
    void serialize(Archive& archive) {
        archive(cidr, interface, address);
    }
};

struct ShepherdReady {
    static constexpr auto type = MessageType::shepherd_ready;
    std::string pmix_version;  // empty without PMIx
    UserFacts facts;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(pmix_version, facts);
    }
};

struct StartRanks {
    static constexpr auto type = MessageType::start_ranks;
    LaunchJob launch;
    NodeIndex node = 0;  // which of the job's nodes we are
    Network network;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(launch, node, network);
    }
};

// Up the tree, merged: the nodes of this subtree whose ranks all run.
struct RanksStarted {
    static constexpr auto type = MessageType::ranks_started;
    std::vector<NodeIndex> nodes;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(nodes);
    }
};

struct StartFailed {
    static constexpr auto type = MessageType::start_failed;
    NodeIndex node = 0;
    bool has_rank = false;
    Rank rank = 0;
    std::int32_t error = 0;      // errno, or 0
    std::int32_t exit_code = 0;  // 126, 127, 121, 123
    std::string sentence;        // "start './hello': No such file or directory"

    template <class Archive>
    void serialize(Archive& archive) {
        archive(node, has_rank, rank, error, exit_code, sentence);
    }
};

struct JobStarted {
    static constexpr auto type = MessageType::job_started;

    template <class Archive>
    void serialize(Archive&) {}
};

}  // namespace vrun::wire
