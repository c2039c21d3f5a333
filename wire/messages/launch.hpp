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
    JobKind kind = JobKind::ranks;
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
    Placement placement;                 // each node binds its own ranks by it
    bool oversubscribed = false;         // some node has more ranks than slots
    bool shares_cores = false;           // of its nodes, some are containers on the same cores
    bool report_bindings = false;        // with RankBindings
    std::vector<std::string> rank_cpus;  // of a rankfile or list, by rank; else empty
    // Detached: for so long it outlives its controllers, and is remembered when it has ended; 0:
    // no.
    std::uint32_t ttl_ms = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(job, kind, identity, controller, nodes, runs, apps, environment, umask, limits,
                streams, universe, tolerance, shows_progress, lease_ms, window, files, placement,
                oversubscribed, shares_cores, report_bindings, rank_cpus, ttl_ms);
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
    std::vector<std::string> cpus;  // of each rank here, "0-3"; empty: of none, or not bound

    template <class Archive>
    void serialize(Archive& archive) {
        archive(launch, node, network, cpus);
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

// A node to vrun: where its ranks may run, as the kernel says once they do.
struct RankBindings {
    static constexpr auto type = MessageType::rank_bindings;
    std::vector<std::string> lines;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(lines);
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
