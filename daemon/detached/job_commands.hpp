// SPDX-License-Identifier: Apache-2.0
// daemon/detached/job_commands: what vrunctl asks about jobs: jobs, attach, wait, kill.
// Each finds the jobs of its caller anew among the nodes; nobody hears of, or commands, the job of
// somebody else, but root. Who waits for a job hears its end from the root's daemon.
#pragma once

#include "daemon/clients.hpp"
#include "daemon/controller.hpp"
#include "daemon/detached/job_finder.hpp"

namespace vrun::daemon {

class JobCommands {
public:
    struct Self {
        wire::Incarnation incarnation = 0;
        std::string name;
    };

    JobCommands(asio::any_io_executor loop, Self self, JobFinder& finder, Keeper& keeper,
                Peers& peers, JobTable& jobs, Switchboard& switchboard, Controller& controller,
                Log& log);

    void answer(const ClientPointer& client, wire::JobCommand command);
    void on_kill(const wire::KillJob& order);  // of a job whose root is here
    void on_outcome(const wire::JobOutcome& outcome);
    void on_peer_gone(wire::Incarnation peer, const std::string& reason);
    void on_client_gone(const ClientPointer& client);

    bool is_waiting() const noexcept { return !waits_.empty(); }  // beats keep its roots true
    std::function<void()> on_wait;

    void stop() { tasks_.cancel(); }
    asio::awaitable<void> join();

private:
    struct Wait {  // for the end of a job
        wire::Incarnation root = 0;
        std::string root_name;
        std::set<ClientPointer> clients = {};
    };

    asio::awaitable<void> run(ClientPointer client, wire::JobCommand command);
    asio::awaitable<std::variant<wire::JobReport, wire::JobRefused>> find(std::uint32_t uid,
                                                                          std::string id);
    asio::awaitable<void> attach(ClientPointer client, wire::JobReport report);
    void kill(const ClientPointer& client, const wire::JobReport& report, int signal);
    void wait(const ClientPointer& client, const wire::JobReport& report);
    void end_wait(wire::JobId id, const wire::JobOutcome& outcome);
    std::optional<wire::JobRefused> problem_of_attaching(const wire::JobReport& report);
    void refuse_without_root(Client& client, const wire::JobReport& report);
    void refuse(Client& client, int exit_code, std::string sentence);

    Self self_;
    JobFinder& finder_;
    Keeper& keeper_;
    Peers& peers_;
    JobTable& jobs_;
    Switchboard& switchboard_;
    Controller& controller_;
    std::map<wire::JobId, Wait> waits_;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
