// SPDX-License-Identifier: Apache-2.0
// daemon/node_jobs: this node's part in jobs: launch, relay, lose, forget.
// A launch goes on to the tree's children before our own work, so a parent knows a job before a
// child speaks of it. Whatever fails here is told to the job's root, which decides.
#pragma once

#include "daemon/network.hpp"
#include "daemon/rank_cores.hpp"
#include "daemon/shepherds.hpp"
#include "daemon/switchboard.hpp"

namespace vrun::daemon {

class NodeJobs {
public:
    struct Self {
        wire::Incarnation incarnation = 0;
        std::string name;
    };

    NodeJobs(asio::any_io_executor loop, Self self, JobTable& jobs, Peers& peers,
             Shepherds& shepherds, Switchboard& switchboard, Log& log);

    const std::string& node_name() const noexcept { return self_.name; }

    // LaunchJob arrived (from a peer, or from our own controller). Throws std::system_error when
    // the body is bad.
    void launch(std::span<const std::byte> body, wire::Incarnation from);

    // A message from our shepherd. Throws std::system_error when it is not for it to send.
    void on_shepherd_message(Shepherd& shepherd, wire::Message message);
    void on_shepherd_gone(Shepherd& shepherd, const std::string& reason);

    // A node of the job is out of reach from here; tells our shepherd if that matters to the tree.
    void on_neighbour_lost(Job& job, wire::NodeIndex node, const std::string& reason);

    // The job's controller is out of reach: its ranks here end.
    void on_controller_lost(Job& job, const std::string& reason);

    // Somebody ended a job that is not here: over, or, when it is the controller, not launched yet.
    // It will not be, and who may wait for this node hears that.
    void refuse_late_launch(Peer& sender, wire::Route route);

    // The controller's beat: renews its jobs here.
    void renew_leases(wire::Incarnation controller);
    void renew_lease(const Job& job);

    std::function<void(const wire::LaunchJob&, wire::NodeIndex self)> on_launch;

    // Called when a job has no business left on this node; may erase it from the table.
    std::function<void(Job&)> on_part_over;

    void stop() { tasks_.cancel(); }
    asio::awaitable<void> join();

private:
    asio::awaitable<void> pass_on(wire::JobId id, wire::NodeIndex child, wire::JobNode node,
                                  wire::Bytes body);
    asio::awaitable<void> start(wire::NodeIndex self, wire::LaunchJob launch);
    asio::awaitable<std::optional<Error>> reach(wire::JobNode node);
    void serve(Job& job, Shepherd& shepherd, wire::LaunchJob launch);
    CorePlan plan_for(const Job& job, const wire::LaunchJob& launch);
    void refuse_ranks(Job& job, Shepherd& shepherd, const std::string& problem);
    void report_not_started(Job& job, wire::NodeIndex node, const Error& error, int exit_code);
    void announce_lost(Job& job, wire::NodeIndex node, const std::string& reason);
    void end_part(Job& job);
    wire::Network network_for(const Job& job);

    Self self_;
    JobTable& jobs_;
    Peers& peers_;
    Shepherds& shepherds_;
    Switchboard& switchboard_;
    Log& log_;
    std::map<wire::JobId, Clock::time_point> ended_early_;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
