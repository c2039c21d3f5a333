// SPDX-License-Identifier: Apache-2.0
// daemon/topologies: the machines of other nodes, asked for when a placement counts objects.
// Kept by the hash of their text, so that a thousand equal machines cost one text; which node has
// which is asked each time, since a cpuset may have changed. Also answers those who ask us.
#pragma once

#include "daemon/peers.hpp"
#include "daemon/topology.hpp"
#include "wire/messages/topology.hpp"

namespace vrun::daemon {

inline constexpr std::chrono::seconds topology_limit{10};

class Topologies {
public:
    // `own` is this node's and outlives us.
    Topologies(asio::any_io_executor loop, wire::Incarnation self, Peers& peers, Topology& own);

    // In the order of `nodes`. The Error says that a node is gone, silent or talks nonsense.
    asio::awaitable<Result<std::vector<process::Machine>>> of(std::vector<wire::Incarnation> nodes);

    // GetTopology or Topology. Throws std::system_error for a bad body.
    void on_peer_message(Peer& peer, const wire::Message& message);
    void on_peer_gone(wire::Incarnation peer);

private:
    void ask(wire::Incarnation node);
    void answer(Peer& peer, const wire::GetTopology& question);
    bool is_waiting_for(const std::vector<wire::Incarnation>& nodes) const;
    void wake();

    asio::any_io_executor loop_;
    wire::Incarnation self_;
    Peers& peers_;
    Topology& own_;
    std::map<std::uint64_t, process::Machine> by_hash_;
    std::map<wire::Incarnation, std::optional<Result<process::Machine>>> answers_;  // empty: asked
    std::list<asio::steady_timer*> waiting_;
};

}  // namespace vrun::daemon
