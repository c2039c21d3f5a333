// SPDX-License-Identifier: Apache-2.0
// daemon/detached/job_finder: asks every node which jobs it has.
// The nodes of the sources and whoever is connected; each is asked at once, and who does not answer
// within ask_limit is named instead of waited for.
#pragma once

#include "daemon/detached/keeper.hpp"
#include "daemon/membership.hpp"

namespace vrun::daemon {

inline constexpr std::chrono::seconds ask_limit{5};

class JobFinder {
public:
    JobFinder(asio::any_io_executor loop, Membership& members, Peers& peers, Keeper& keeper,
              Log& log);

    // Those of `uid` (root: all) whose id begins so, merged.
    asio::awaitable<wire::JobList> find(std::uint32_t uid, std::string id);

    // Dials those of the job's nodes that are not connected. Returns when each has answered or
    // failed.
    asio::awaitable<void> reach(std::vector<wire::JobNode> nodes);

    void on_question(Peer& peer, const wire::GetJobs& question);
    void on_answer(wire::Incarnation from, wire::JobReports answer);
    void on_peer_gone(wire::Incarnation peer);

    void stop() { tasks_.cancel(); }
    asio::awaitable<void> join();

private:
    struct Round;

    void ask(Round& round, wire::GetJobs question, const Gathered& found);
    asio::awaitable<void> dial(std::shared_ptr<Round> round, wire::JobNode node);

    asio::any_io_executor loop_;
    Membership& members_;
    Peers& peers_;
    Keeper& keeper_;
    std::map<std::uint64_t, std::shared_ptr<Round>> rounds_;
    std::uint64_t last_token_ = 0;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
