// SPDX-License-Identifier: Apache-2.0
// daemon/membership: which nodes a job may use: what the sources list and what answers there.
// Looks up and dials only when asked; connections are kept by Peers for the next time. A lookup
// that fails leaves the last good list in force: "no such name" is normal life at start-up.
#pragma once

#include "daemon/gathered.hpp"
#include "daemon/peers.hpp"
#include "discovery/lookup.hpp"

namespace vrun::daemon {

// How long a gathering waits for hosts that say nothing, once there is enough without them.
inline constexpr std::chrono::seconds gather_grace{2};

class Membership {
public:
    // Hears in words how far a gathering is, at each change.
    using OnProgress = std::function<void(std::string)>;

    struct Self {
        wire::Incarnation incarnation = 0;
        std::string name;
        std::function<wire::NodeInfo()> info;
        bool has_network = false;  // a key, or --insecure-no-auth
    };

    Membership(asio::any_io_executor loop, Peers& peers, Self self,
               std::vector<discovery::Source> sources);

    // The nodes of the sources; without sources, this node. Returns when all have answered or
    // failed, or after gather_grace when there are `wanted` slots (0: wait for all).
    asio::awaitable<Gathered> gather(std::uint64_t wanted, OnProgress on_progress = {});

    // The nodes that a user named. A name that does not resolve is a problem.
    asio::awaitable<Gathered> gather(std::vector<discovery::HostEntry> hosts, std::uint64_t wanted,
                                     OnProgress on_progress = {});

    // Asks every source anew: what is wrong with them, a sentence each.
    asio::awaitable<std::vector<std::string>> look_up();

    // Why this name does not lead to this machine; empty: it does.
    asio::awaitable<std::string> problem_of_own_name(std::string name);

    // The parts of a gathering, for who goes on looking.
    struct Listing {
        std::vector<discovery::Candidate> candidates;
        std::vector<std::string> problems;
    };
    using Results = std::vector<std::optional<Result<wire::Incarnation>>>;  // empty: none yet

    asio::awaitable<Listing> list();  // without sources: this node
    asio::awaitable<Listing> list(std::vector<discovery::HostEntry> named,
                                  OnProgress on_progress = {});
    asio::awaitable<Result<wire::Incarnation>> connect(discovery::Candidate candidate);
    // The paths of file: sources.
    std::vector<std::string> files() const;
    // A result for each candidate.
    Gathered summary(const std::vector<discovery::Candidate>& candidates, const Results& results);
    // Ourselves, or connected.
    bool is_here(wire::Incarnation incarnation) const;

    void stop() { tasks_.cancel(); }
    asio::awaitable<void> join();

private:
    struct Round;  // one gathering under way

    asio::awaitable<Gathered> reach(std::vector<discovery::Candidate> candidates,
                                    std::uint64_t wanted, OnProgress on_progress);
    asio::awaitable<void> dial(std::shared_ptr<Round> round, std::size_t index);
    bool is_self(const discovery::Candidate& candidate) const;
    Node own_node() const;
    std::optional<Node> node_at(const discovery::Candidate& candidate,
                                wire::Incarnation incarnation);
    void order(std::vector<Node>& nodes) const;

    asio::any_io_executor loop_;
    Peers& peers_;
    Self self_;
    std::vector<discovery::Source> sources_;
    discovery::Lookup lookup_;
    std::map<std::string, std::vector<discovery::Candidate>> last_good_;  // by source
    TaskGroup tasks_;
};

// "node2" before "node10".
bool natural_less(std::string_view a, std::string_view b) noexcept;

}  // namespace vrun::daemon
