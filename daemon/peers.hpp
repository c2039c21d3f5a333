// SPDX-License-Identifier: Apache-2.0
// daemon/peers: the other daemons that this one is connected to.
// One long-lived connection per pair, dialed when there is a reason and kept for the next job; a
// peer is known by its incarnation, never by name or address. Nothing is decoded before both
// sides proved the key and said Hello, and that has a limit in time and in places.
#pragma once

#include "daemon/peer.hpp"
#include "daemon/strangers.hpp"
#include "wire/base/task_group.hpp"
#include "wire/hello.hpp"
#include "wire/tls/tls_stream.hpp"

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace vrun::daemon {

inline constexpr std::chrono::minutes idle_limit{10};  // after which the dialer lets go

class Peers {
public:
    struct Setup {
        wire::Hello hello;
        std::function<wire::NodeInfo()> info;  // asked for each greeting
        std::optional<wire::TlsContext> tls;   // empty: plain TCP (--insecure-no-auth)
        wire::ScaleOf scale_of;
    };

    Peers(asio::any_io_executor loop, Setup setup, PeerEvents& events, Log& log);

    // Listens on every address of the machine. 0: a port of the system's choice. Returns the port.
    // Throws std::system_error.
    std::uint16_t listen(std::uint16_t port);

    // The peer at this address: connected already, or dialed now. Our own incarnation when the
    // address leads to ourselves. The Error says what is wrong there and what to do.
    asio::awaitable<Result<wire::Incarnation>> connect(Endpoint endpoint);

    Peer* find(wire::Incarnation incarnation) noexcept;
    std::vector<wire::Incarnation> connected() const;

    // Whether some daemon that we ever met is a container on our machine with cores of ours.
    bool shares_cores() const noexcept { return shares_cores_; }

    // A job begins or ends to need this connection.
    void use(wire::Incarnation incarnation);
    void release(wire::Incarnation incarnation);

    // Once a beat_interval while there are jobs: beats to and verdicts on the peers in use.
    void beat(Clock::time_point now, Milliseconds gap, Milliseconds lost_after);

    void stop();
    asio::awaitable<void> join();

private:
    struct Dial {  // under way; others that want the same endpoint wait for it
        explicit Dial(asio::any_io_executor loop) : done{loop, Clock::time_point::max()} {}
        asio::steady_timer done;
        std::optional<Result<wire::Incarnation>> result;
    };
    using PeerPointer = std::shared_ptr<Peer>;  // the registry's and its reader's

    asio::awaitable<void> accept_all(asio::ip::tcp::acceptor& acceptor);
    asio::awaitable<void> admit(asio::ip::tcp::socket socket, Stranger& stranger);
    asio::awaitable<void> welcome(asio::ip::tcp::socket socket);
    asio::awaitable<void> run_dial(std::shared_ptr<Dial> dial, Endpoint endpoint);
    asio::awaitable<wire::Incarnation> dial_peer(Endpoint endpoint);
    asio::awaitable<PeerPointer> greet(asio::ip::tcp::socket socket, bool dialed);
    asio::awaitable<std::unique_ptr<wire::Stream>> secured(asio::ip::tcp::socket socket,
                                                           bool dialed);
    asio::awaitable<void> exchange_info(Peer& peer);
    wire::Incarnation adopt(PeerPointer peer);
    asio::awaitable<void> serve(PeerPointer peer);
    asio::awaitable<void> write(PeerPointer peer);
    void answer(const PeerPointer& peer, const wire::Message& beat);
    void arm_idle(const PeerPointer& peer);
    void log_refusal(const asio::ip::address& address, const std::string& reason);
    void remove(const PeerPointer& peer, const Parting& parting);
    void remove_silent(const PeerPointer& peer, Clock::time_point now);

    asio::any_io_executor loop_;
    Setup setup_;
    PeerEvents& events_;
    Log& log_;
    std::list<asio::ip::tcp::acceptor> acceptors_;
    // By the one that we send on; of the others, which it is for their other end, we only hear.
    std::map<wire::Incarnation, std::vector<PeerPointer>> peers_;
    std::map<Endpoint, wire::Incarnation> known_;  // where peers listen
    std::map<Endpoint, std::shared_ptr<Dial>> dials_;
    Strangers strangers_;
    Clock::time_point last_refusal_{};
    std::size_t refusals_unlogged_ = 0;
    bool shares_cores_ = false;
    bool is_stopping_ = false;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
