// SPDX-License-Identifier: Apache-2.0
#include "daemon/examiner.hpp"

#include "daemon/cgroup.hpp"
#include "daemon/mpi_libraries.hpp"
#include "daemon/network.hpp"
#include "daemon/options.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace vrun::daemon {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

std::int64_t wall_clock_us() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::string kernel_host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) < 0 ? "" : name.data();
}

wire::HostFacts measured(const wire::NodeInfo& info, std::string software) {
    wire::HostFacts facts;
    facts.software = std::move(software);
    facts.slots = info.slots;
    facts.slots_source = info.slots_source;
    facts.cores = info.cores;
    facts.quota_percent = static_cast<std::uint32_t>(std::lround(cpu_quota().value_or(0) * 100));
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.open_files = limit.rlim_cur;
    facts.tmpdir_length =
        static_cast<std::uint32_t>(environment_variable("TMPDIR").value_or("").size());
    facts.host_name = kernel_host_name();
    facts.mpi_libraries = mpi_libraries(environment_variable("LD_LIBRARY_PATH").value_or(""));
    return facts;
}

wire::ExaminedHost unreached(const Unreached& host) {
    wire::ExaminedHost examined;
    examined.name = host.name;
    examined.address = host.address;
    examined.port = host.port;
    examined.answer = wire::HostAnswer::unreached;
    examined.problem = host.error.message();
    return examined;
}

}  // namespace

struct Examiner::Round {
    Round(asio::any_io_executor loop, wire::Identity asking)
        : changed{loop, Clock::time_point::max()}, who{std::move(asking)} {}

    std::vector<wire::ExaminedHost> hosts;
    std::size_t pending = 0;
    asio::steady_timer changed;
    wire::Identity who;
};

struct Examiner::Finished {  // also when it failed
    explicit Finished(Round& whose) : round{whose} {}
    Finished(const Finished&) = delete;
    Finished& operator=(const Finished&) = delete;
    ~Finished() {
        --round.pending;
        round.changed.cancel();
    }
    Round& round;
};

Examiner::Examiner(asio::any_io_executor loop, Self self, Peers& peers, Membership& members,
                   Shepherds& shepherds, Log& log)
    : loop_{loop},
      self_{std::move(self)},
      peers_{peers},
      members_{members},
      shepherds_{shepherds},
      tasks_{loop, [&log](std::string_view name, std::exception_ptr) {
                 log.error("examiner: a task failed", {{"task", name}});
             }} {}

asio::awaitable<wire::Examination> Examiner::examine(wire::Identity who) {
    const Gathered found = co_await members_.gather(0);
    const auto round = std::make_shared<Round>(loop_, std::move(who));
    round->hosts.resize(found.nodes.size());
    round->pending = found.nodes.size();
    for (std::size_t i = 0; i < found.nodes.size(); ++i)
        tasks_.spawn("examine a node", examine_node(round, i, found.nodes[i]));
    while (round->pending > 0)
        co_await round->changed.async_wait(as_values);
    wire::Examination result;
    result.hosts = std::move(round->hosts);
    for (const Unreached& host : found.unreached)
        result.hosts.push_back(unreached(host));
    result.problems = found.problems;
    co_return result;
}

asio::awaitable<void> Examiner::examine_node(std::shared_ptr<Round> round, std::size_t index,
                                             Node node) {
    const Finished finished{*round};
    wire::ExaminedHost& host = round->hosts[index];
    host.name = node.name;
    host.address = node.address;
    host.port = node.port;
    if (node.incarnation == self_.incarnation)
        host.facts = co_await own_facts(round->who);
    else
        co_await examine_other(host, node, round->who);
}

// The clock is compared as in NTP: what the way there and back took is halved.
asio::awaitable<void> Examiner::examine_other(wire::ExaminedHost& host, const Node& node,
                                              const wire::Identity& who) {
    wire::GetHealth question;
    question.identity = who;
    const std::int64_t asked_us = wall_clock_us();
    const auto heard = co_await ask(node.incarnation, question, health_limit);
    if (!heard->answer) {
        host.answer = wire::HostAnswer::silent;
        co_return;
    }
    const wire::Health& health = *heard->answer;
    const std::int64_t there = health.heard_us - asked_us;
    const std::int64_t back = health.said_us - heard->arrived_us;
    host.clock_ahead_us = (there + back) / 2;
    host.round_trip_us = static_cast<std::uint32_t>(std::max<std::int64_t>(there - back, 0));
    host.facts = health.facts;
    const Peer* peer = peers_.find(node.incarnation);
    if (!peer || peer->uses > 0) co_return;  // a large packet that is lost would hold up its jobs
    question.is_echo = true;
    question.filling.assign(echo_size, ' ');
    const auto echo = co_await ask(node.incarnation, question, echo_limit);
    if (echo->answer) co_return;
    host.answer = wire::HostAnswer::only_small;
    if (Peer* stuck = peers_.find(node.incarnation)) stuck->link.close();
}

asio::awaitable<std::shared_ptr<Examiner::Waiting>> Examiner::ask(wire::Incarnation node,
                                                                  wire::GetHealth question,
                                                                  std::chrono::seconds limit) {
    const auto waiting = std::make_shared<Waiting>(loop_, node);
    Peer* peer = peers_.find(node);
    if (!peer) co_return waiting;
    question.number = ++last_number_;
    waiting_[question.number] = waiting;
    peer->link.send(question);
    waiting->done.expires_after(limit);
    co_await waiting->done.async_wait(as_values);
    waiting_.erase(question.number);
    co_return waiting;
}

void Examiner::on_answer(wire::Incarnation from, wire::Health answer) {
    const auto found = waiting_.find(answer.number);
    if (found == waiting_.end() || found->second->node != from) return;
    found->second->arrived_us = wall_clock_us();
    found->second->answer = std::move(answer);
    found->second->done.cancel();
}

void Examiner::on_question(wire::Incarnation from, wire::GetHealth question) {
    tasks_.spawn("say how we are", answer(from, std::move(question), wall_clock_us()));
}

asio::awaitable<void> Examiner::answer(wire::Incarnation from, wire::GetHealth question,
                                       std::int64_t heard_us) {
    wire::Health health;
    health.number = question.number;
    health.heard_us = heard_us;
    health.filling = std::move(question.filling);
    if (!question.is_echo) health.facts = co_await own_facts(question.identity);
    Peer* peer = peers_.find(from);
    if (!peer) co_return;
    health.said_us = wall_clock_us();
    peer->link.send(health);
}

asio::awaitable<wire::HostFacts> Examiner::own_facts(wire::Identity who) {
    wire::HostFacts facts = measured(self_.info(), self_.software);
    co_await try_names(facts);
    co_await try_shepherd(facts, std::move(who));
    co_return facts;
}

asio::awaitable<void> Examiner::try_names(wire::HostFacts& facts) {
    const Clock::time_point begun = Clock::now();
    facts.lookup_problems = co_await members_.look_up();
    const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - begun);
    facts.lookup_ms = static_cast<std::uint32_t>(took.count());
    facts.name_problem = co_await members_.problem_of_own_name(facts.host_name);
}

asio::awaitable<void> Examiner::try_shepherd(wire::HostFacts& facts, wire::Identity who) {
    const Result<Shepherd*> shepherd = co_await shepherds_.acquire(std::move(who), self_.name);
    if (!shepherd) {
        facts.shepherd_problem = shepherd.error().message();
        co_return;
    }
    facts.pmix_version = (*shepherd)->ready.pmix_version;
    facts.user = (*shepherd)->ready.facts;
    shepherds_.release(**shepherd);
}

asio::awaitable<void> Examiner::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
