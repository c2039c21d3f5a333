// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/shepherd: the life of one vrun-shepherd.
// Greets its daemon, then serves one job after the other until the daemon hangs up. Between jobs it
// has no timer and does not wake up. libpmix lives as long as it does: one server per process.
#pragma once

#include "daemon/shepherd/job.hpp"
#include "wire/messages/session.hpp"

#include <deque>

namespace vrun::shepherd {

struct ShepherdSetup {
    std::string node_name;
    std::string topology_xml;  // may be empty
    UniqueFd daemon;           // the P socket
    Guarded guarded;
};

class Shepherd final : private pmix::Upcalls {
public:
    // Starts libpmix. Throws std::system_error.
    Shepherd(asio::any_io_executor loop, ShepherdSetup setup, process::Log& log);

    // Completes when the daemon said Goodbye or is gone. Throws what the conversation throws. Then
    // end all descendants and _exit: neither a job under way nor libpmix can be taken apart.
    asio::awaitable<void> run();

private:
    void on_message(wire::Message message);
    void on_job_message(wire::Message message);
    void renew(const wire::Lease& lease);
    void start_next();
    asio::awaitable<void> write();
    asio::awaitable<void> serve();
    asio::awaitable<void> reap();
    asio::awaitable<void> watch_guard();
    void on_task_failure(std::string_view name, std::exception_ptr failure);

    void on_fence(pmix::Fence fence) override;
    void on_modex(pmix::Modex modex) override;
    void on_abort(pmix::Abort abort) override;
    void on_init(wire::Rank rank) override;
    void on_finalize(wire::Rank rank) override;
    void on_log(pmix::Log log) override;

    asio::any_io_executor loop_;
    process::Log& log_;
    Guarded guarded_;
    std::string node_name_;
    wire::UserFacts facts_;  // when we started
    std::string topology_xml_;
    wire::Link link_;
    pmix::Server server_;
    std::optional<Job> job_;
    std::deque<wire::Message> later_;  // of the jobs that come next
    bool is_reusable_ = true;
    TaskGroup tasks_;
};

}  // namespace vrun::shepherd
