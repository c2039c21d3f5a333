// SPDX-License-Identifier: Apache-2.0
// daemon/examiner: how the nodes are, for `vrunctl doctor`.
// Says of its own node what it can measure, and asks the others the same, all at once. A shepherd
// is started for the one who asks: that shows whether a job could be. Who does not answer in time
// is named as silent; only facts are collected here, vrunctl judges them (launcher/diagnosis).
#pragma once

#include "daemon/membership.hpp"
#include "daemon/shepherds.hpp"
#include "wire/messages/health.hpp"

namespace vrun::daemon {

inline constexpr std::chrono::seconds health_limit{15};  // a busy node starts a shepherd meanwhile
inline constexpr std::chrono::seconds echo_limit{10};
inline constexpr std::size_t echo_size = 16u << 10;  // more than any network carries in one packet

class Examiner {
public:
    struct Self {
        wire::Incarnation incarnation = 0;
        std::string name;
        std::string software;
        std::function<wire::NodeInfo()> info;
    };

    Examiner(asio::any_io_executor loop, Self self, Peers& peers, Membership& members,
             Shepherds& shepherds, Log& log);

    // Every node that a job could use, and those that are not there. Takes as long as the slowest.
    asio::awaitable<wire::Examination> examine(wire::Identity who);

    void on_question(wire::Incarnation from, wire::GetHealth question);
    void on_answer(wire::Incarnation from, wire::Health answer);

    void stop() { tasks_.cancel(); }
    asio::awaitable<void> join();

private:
    struct Waiting {
        Waiting(asio::any_io_executor loop, wire::Incarnation whom) : done{loop}, node{whom} {}
        asio::steady_timer done;
        wire::Incarnation node;
        std::optional<wire::Health> answer;
        std::int64_t arrived_us = 0;
    };
    struct Round;  // one examination under way
    struct Finished;

    asio::awaitable<void> examine_node(std::shared_ptr<Round> round, std::size_t index, Node node);
    asio::awaitable<void> examine_other(wire::ExaminedHost& host, const Node& node,
                                        const wire::Identity& who);
    asio::awaitable<std::shared_ptr<Waiting>> ask(wire::Incarnation node, wire::GetHealth question,
                                                  std::chrono::seconds limit);
    asio::awaitable<void> answer(wire::Incarnation from, wire::GetHealth question,
                                 std::int64_t heard_us);
    asio::awaitable<wire::HostFacts> own_facts(wire::Identity who);
    asio::awaitable<void> try_shepherd(wire::HostFacts& facts, wire::Identity who);
    asio::awaitable<void> try_names(wire::HostFacts& facts);

    asio::any_io_executor loop_;
    Self self_;
    Peers& peers_;
    Membership& members_;
    Shepherds& shepherds_;
    std::map<std::uint64_t, std::shared_ptr<Waiting>> waiting_;
    std::uint64_t last_number_ = 0;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
