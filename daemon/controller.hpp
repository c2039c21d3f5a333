// SPDX-License-Identifier: Apache-2.0
// daemon/controller: the jobs that a vrun on this node asked for.
// Finds nodes, places ranks, launches, then relays between vrun and the job, which rules itself.
// Only when the job's root is gone does the controller end it: everybody is killed and heard out.
#pragma once

#include "daemon/clients.hpp"
#include "daemon/host_waits.hpp"
#include "daemon/membership.hpp"
#include "daemon/node_jobs.hpp"
#include "daemon/topologies.hpp"
#include "wire/messages/answer.hpp"
#include "wire/messages/jobs.hpp"
#include "wire/messages/take.hpp"

namespace vrun::daemon {

class Controller {
public:
    struct Setup {
        wire::Incarnation incarnation = 0;
        std::uint32_t lease_ms = 10'000;
    };

    Controller(asio::any_io_executor loop, Setup setup, JobTable& jobs, Peers& peers,
               Membership& members, HostWaits& waits, Topologies& topologies, NodeJobs& node_jobs,
               Switchboard& switchboard, Log& log);

    // SubmitJob, and a job's messages. Throws std::system_error for what a client may
    // not say.
    void on_client_message(const ClientPointer& client, wire::Message message);
    void on_client_gone(const ClientPointer& client);

    // A detached job becomes ours, for this client: `report` is the best that its nodes say.
    void take(const ClientPointer& client, const wire::JobReport& report);

    // A job's message for vrun (or for its controller itself).
    void on_job_message(Job& job, wire::Message message);

    // A shepherd, which is its user's code, said something that is none: that is the end of its
    // job, and of nothing else.
    void on_bad_message(Job& job, wire::NodeIndex node, const std::string& reason);

    // A node of a job that we control is out of reach. The job ends at once; but of one that fell
    // silent, vrun hears the end only when the lease has ended its ranks for sure.
    void on_node_gone(Job& job, wire::NodeIndex node, const Parting& parting);

    std::function<void(Job&)> on_job_begun;

    // Called when a job has no business left with its controller; may erase it from the table.
    std::function<void(Job&)> on_control_over;

    void stop() { tasks_.cancel(); }
    asio::awaitable<void> join();

private:
    using Hosts = std::vector<discovery::HostEntry>;  // that were named
    using MaybeRefusal = std::optional<wire::JobRefused>;

    asio::awaitable<void> submit(ClientPointer client, wire::SubmitJob request);
    asio::awaitable<void> submit_when_there(ClientPointer client, const wire::SubmitJob& request,
                                            const Hosts& named);
    static Membership::OnProgress progress_to(const wire::SubmitJob& request, ClientPointer client);
    // Begins the job on what was found, or says why not. A client that is gone hears nothing.
    asio::awaitable<MaybeRefusal> place(ClientPointer client, const wire::SubmitJob& request,
                                        const Hosts& hosts, Gathered found);
    void begin(const ClientPointer& client, wire::LaunchJob launch,
               std::vector<std::string> notices);
    std::string own_address(const wire::LaunchJob& launch);
    void send_launch(Job& job, const wire::LaunchJob& launch);
    void refuse(Client& client, int exit_code, std::string sentence);
    void use_peers(Job& job);
    void order_take(Job& job, bool reads);
    void leave_out(Job& job, wire::NodeIndex node);
    void let_go(Job& job);
    void on_taken(Job& job, wire::NodeIndex node, const wire::JobTaken& taken);
    static bool is_of_another_turn(const Job& job, wire::NodeIndex node);
    void lose_client(Job& job, const std::string& by);
    std::string network_text(const Job& job);
    Job* job_of(const Client& client, wire::JobId id);
    void count_file_data(Job& job, const wire::Message& message);
    asio::awaitable<void> report_silent(wire::JobId id, wire::NodeIndex node, Parting parting);
    void on_node_lost(Job& job, wire::NodeIndex node, const std::string& reason);
    void end_everywhere(wire::JobId id, const wire::Failure& cause);
    void on_root_lost(Job& job, const wire::Failure& failure);
    void on_heard_out(Job& job);

    Setup setup_;
    JobTable& jobs_;
    Peers& peers_;
    Membership& members_;
    HostWaits& waits_;
    Topologies& topologies_;
    NodeJobs& node_jobs_;
    Switchboard& switchboard_;
    Log& log_;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
