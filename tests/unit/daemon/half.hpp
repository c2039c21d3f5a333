// SPDX-License-Identifier: Apache-2.0
// tests/unit/daemon/half: the network half of a daemon, on the test's own loop.
// It listens on a port of the system's choice and keeps what it hears.
// It lives until end() was awaited.
#pragma once

#include "daemon/peers.hpp"

#include <string>
#include <vector>

namespace vrun::test {

struct Half final : daemon::PeerEvents {
    Half(asio::any_io_executor loop, wire::Incarnation incarnation,
         const std::vector<wire::ClusterKey>& keys, std::uint16_t protocol = wire::protocol_version)
        : peers{loop, setup_of(incarnation, keys, protocol), *this, log} {
        wire::ignore_sigpipe();
        port = peers.listen(0);
    }

    daemon::Peers::Setup setup_of(wire::Incarnation incarnation,
                                  const std::vector<wire::ClusterKey>& keys,
                                  std::uint16_t protocol) {
        wire::Hello hello;
        hello.protocol_min = hello.protocol_max = protocol;
        hello.software = wire::software_version();
        hello.role = wire::Role::daemon;
        hello.incarnation = incarnation;
        hello.node_name = "node" + std::to_string(incarnation);
        return {hello, [this] { return wire::NodeInfo{4, "4 cores", 4, port, {}, "", ""}; },
                wire::TlsContext{keys}, wire::any_scale};
    }

    daemon::Endpoint endpoint() const { return {asio::ip::address_v4::loopback(), port}; }

    void on_peer_message(daemon::Peer&, wire::Message message) override {
        heard.push_back(message.type);
    }
    void on_peer_gone(wire::Incarnation peer, const daemon::Parting&) override {
        gone.push_back(peer);
    }
    asio::awaitable<void> end() {
        peers.stop();
        co_await peers.join();
    }

    process::Log log{"test", process::LogLevel::error};
    std::uint16_t port = 0;
    std::vector<wire::MessageType> heard;
    std::vector<wire::Incarnation> gone;
    daemon::Peers peers;
};

}  // namespace vrun::test
