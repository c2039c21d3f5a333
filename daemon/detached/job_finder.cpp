// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/job_finder.hpp"

#include "daemon/detached/job_reports.hpp"

#include <algorithm>

namespace vrun::daemon {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

}  // namespace

// Shared with dials that may end after it.
struct JobFinder::Round {
    explicit Round(asio::any_io_executor loop) : changed{loop, Clock::time_point::max()} {}

    std::map<wire::Incarnation, std::string> pending;  // names
    std::size_t dials = 0;
    std::vector<wire::JobReport> reports;
    asio::steady_timer changed;
};

JobFinder::JobFinder(asio::any_io_executor loop, Membership& members, Peers& peers, Keeper& keeper,
                     Log& log)
    : loop_{loop},
      members_{members},
      peers_{peers},
      keeper_{keeper},
      tasks_{loop, [&log](std::string_view name, std::exception_ptr) {
                 log.error("jobs: a task failed", {{"task", name}});
             }} {}

asio::awaitable<wire::JobList> JobFinder::find(std::uint32_t uid, std::string id) {
    const Gathered found = co_await members_.gather(0);
    const auto round = std::make_shared<Round>(loop_);
    const std::uint64_t token = ++last_token_;
    rounds_[token] = round;
    round->reports = keeper_.reports(uid, id);
    wire::GetJobs question{token, uid, std::move(id)};
    ask(*round, std::move(question), found);
    const Clock::time_point end = Clock::now() + ask_limit;
    while (!round->pending.empty() && Clock::now() < end) {
        round->changed.expires_at(end);
        co_await round->changed.async_wait(as_values);
    }
    rounds_.erase(token);
    wire::JobList list;
    list.jobs = merged(std::move(round->reports));
    // Asked for, and made sure of: what is somebody else's goes no further.
    std::erase_if(list.jobs, [uid](const auto& job) { return uid != 0 && job.owner != uid; });
    for (const auto& [incarnation, name] : round->pending)
        list.silent.push_back(name + ": did not answer");
    for (const Unreached& host : found.unreached)
        list.silent.push_back((host.name.empty() ? host.address : host.name) + ": " +
                              host.error.message());
    list.problems = found.problems;
    co_return list;
}

// Also those that no source lists: a job may have been given its hosts by name.
void JobFinder::ask(Round& round, wire::GetJobs question, const Gathered& found) {
    std::vector<wire::Incarnation> nodes = peers_.connected();
    for (const Node& node : found.nodes)
        nodes.push_back(node.incarnation);
    for (const wire::Incarnation node : nodes) {
        Peer* const peer = peers_.find(node);
        if (!peer || !round.pending.try_emplace(node, peer->hello.node_name).second) continue;
        peer->link.send(question);
    }
}

void JobFinder::on_question(Peer& peer, const wire::GetJobs& question) {
    peer.link.send(wire::JobReports{question.token, keeper_.reports(question.uid, question.id)});
}

void JobFinder::on_answer(wire::Incarnation from, wire::JobReports answer) {
    const auto found = rounds_.find(answer.token);
    if (found == rounds_.end() || found->second->pending.erase(from) == 0) return;
    const auto is_wrong = [from](const auto& job) { return !is_sound(job, from); };
    std::erase_if(answer.jobs, is_wrong);
    std::ranges::move(answer.jobs, std::back_inserter(found->second->reports));
    found->second->changed.cancel();
}

void JobFinder::on_peer_gone(wire::Incarnation peer) {
    for (const auto& [token, round] : rounds_)
        if (round->pending.erase(peer) > 0) round->changed.cancel();
}

asio::awaitable<void> JobFinder::reach(std::vector<wire::JobNode> nodes) {
    const auto round = std::make_shared<Round>(loop_);
    for (wire::JobNode& node : nodes) {
        if (members_.is_here(node.incarnation)) continue;
        ++round->dials;
        tasks_.spawn("reach a node", dial(round, std::move(node)));
    }
    while (round->dials > 0)
        co_await round->changed.async_wait(as_values);
}

asio::awaitable<void> JobFinder::dial(std::shared_ptr<Round> round, wire::JobNode node) {
    std::error_code error;
    const auto address = asio::ip::make_address(node.address, error);
    const Endpoint endpoint{address, node.port};
    if (!error) (void)co_await peers_.connect(endpoint);
    --round->dials;
    round->changed.cancel();
}

asio::awaitable<void> JobFinder::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
