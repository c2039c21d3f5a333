// SPDX-License-Identifier: Apache-2.0
// daemon/peer: another daemon that this one is connected to.
// Plain state that daemon/peers keeps and the parts of vrund read; known by its incarnation.
// Lives as long as its connection: look it up again after every wait.
#pragma once

#include "daemon/liveness.hpp"
#include "process/log.hpp"
#include "wire/link.hpp"
#include "wire/messages/session.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <optional>
#include <string>

namespace vrun::daemon {

using Endpoint = asio::ip::tcp::endpoint;
using process::Log;

struct Peer {
    Peer(std::unique_ptr<wire::Stream> stream, wire::ScaleOf scale_of)
        : link{std::move(stream), std::move(scale_of)}, idle{link.executor()} {}

    wire::Link link;
    wire::Hello hello;
    wire::NodeInfo info;
    Endpoint remote, local;
    bool dialed = false;
    std::size_t uses = 0;  // jobs that need it
    Silence silence{Clock::now()};
    std::uint64_t beats_sent = 0;
    asio::steady_timer idle;  // runs while nothing needs a connection that we dialed
};

// How a peer left us. One that fell silent may not have noticed yet.
struct Parting {
    std::string reason;
    std::optional<Clock::time_point> silent_since = std::nullopt;
};

// What the daemon does with what its peers say, called on the loop. A std::system_error thrown out
// of on_peer_message (a bad body) closes that connection and nothing else.
class PeerEvents {
public:
    virtual ~PeerEvents() = default;
    virtual void on_peer_message(Peer& peer, wire::Message message) = 0;
    virtual void on_peer_gone(wire::Incarnation peer, const Parting& parting) = 0;
};

}  // namespace vrun::daemon
