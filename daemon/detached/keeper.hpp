// SPDX-License-Identifier: Apache-2.0
// daemon/detached/keeper: what this node keeps of the jobs that it has, or had, a part in.
// It stands in for the vrun of a detached job: whatever the node says to the job's controller
// passes here. Ended detached jobs are forgotten after their time, or when there are too many;
// their output is bounded for each job and for all together.
#pragma once

#include "daemon/detached/kept_job.hpp"
#include "daemon/job_table.hpp"
#include "daemon/peers.hpp"

#include <map>
#include <set>

namespace vrun::daemon {

inline constexpr std::size_t ended_jobs_max = 1'000;
inline constexpr std::size_t full_spools = 16;  // so many fit into what all jobs may take

class Keeper {
public:
    struct Setup {
        wire::Incarnation self = 0;
        std::string name;
        std::size_t spool_max = 0;  // bytes of a job here
    };
    struct Events {
        // For a controller that is this daemon.
        std::function<void(wire::JobId, wire::Message)> to_own_controller;
        // Another controller has the job now.
        std::function<void(Job&, wire::Incarnation before)> on_taken;
        // For AwaitJob of our own.
        std::function<void(const wire::JobOutcome&)> on_outcome;
    };

    Keeper(asio::any_io_executor loop, Setup setup, JobTable& jobs, Peers& peers, Events events);

    void begin(const wire::LaunchJob& launch, wire::NodeIndex self);
    void end_part(wire::JobId id);

    // From this node to its controller, or from the controller to this node. True: it is dealt
    // with.
    bool keep(Job& job, wire::Message& message);
    // From a peer, of a job that is in the table no more. True: we know the job.
    bool hear_late(wire::Incarnation from, const wire::Message& message);
    void take(wire::Incarnation from, const wire::Message& message);
    void on_peer_gone(wire::Incarnation peer);
    std::optional<wire::Scale> scale_of(wire::JobId id) const;  // empty: never heard of it

    // Of the jobs of `uid` (root: of all) whose id begins so. Of all jobs: without runs, and
    // nodes but the root only from the root.
    std::vector<wire::JobReport> reports(std::uint32_t uid, std::string_view id);
    void await(wire::JobId id, wire::Incarnation who);  // JobOutcome when it has ended

    void stop() { expiry_.cancel(); }

private:
    struct Kept {
        KeptJob job;
        wire::Incarnation controller = 0;
        std::uint32_t turn = 0;
        std::string by = {};
        std::set<wire::Incarnation> waiting = {};
        std::optional<Clock::time_point> forget_at = std::nullopt;  // once its part is over
    };

    Kept* find(wire::JobId id);
    static void shorten(wire::JobReport& report);
    bool hear_from_controller(wire::JobId id, Kept& kept, const wire::Message& message);
    void deliver(wire::JobId id, Deliveries deliveries);
    void to_controller(wire::Incarnation controller, wire::Message message);
    void tell_taken(wire::Incarnation whom, wire::JobId id, const Kept& kept);
    void tell_outcome(wire::JobId id, Kept& kept);
    void answer(wire::Incarnation who, const wire::JobOutcome& outcome);
    void bound(wire::JobId id);
    void forget_old();
    void arm_expiry();

    Setup setup_;
    JobTable& jobs_;
    Peers& peers_;
    Events events_;
    std::map<wire::JobId, Kept> kept_;
    asio::steady_timer expiry_;
};

}  // namespace vrun::daemon
