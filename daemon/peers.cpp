// SPDX-License-Identifier: Apache-2.0
#include "daemon/peers.hpp"

#include "daemon/resources.hpp"
#include "daemon/tcp_sockets.hpp"
#include "wire/base/deadline.hpp"
#include "wire/base/escape.hpp"
#include "wire/messages/end.hpp"
#include "wire/speech.hpp"

namespace vrun::daemon {
namespace {

using asio::use_awaitable;
using asio::ip::tcp;

constexpr auto as_values = asio::experimental::as_tuple(use_awaitable);
constexpr std::chrono::seconds refusal_log_interval{1};
constexpr std::chrono::seconds accept_pause{1};  // when no descriptor is left

// ::ffff:10.0.0.1 is what a dual-stack socket calls 10.0.0.1.
Endpoint plain(const Endpoint& endpoint) {
    const asio::ip::address& address = endpoint.address();
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return endpoint;
    return {asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()), endpoint.port()};
}

std::string text_of(const Endpoint& endpoint) {
    const std::string host = endpoint.address().to_string();
    const std::string port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

Error dial_error(const Endpoint& endpoint, const std::system_error& error) {
    const std::string doing = "connect to the daemon at " + text_of(endpoint);
    if (error.code() == asio::error::connection_refused)
        return {error.code(), doing + " (nothing listens there; is vrund running?)"};
    if (error.code() == wire::HelloErrc::no_common_protocol)
        return {error.code(), doing + " (" + escaped(error.what()) + ")"};
    return {error.code(), doing};
}

std::string reason_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    }
}

}  // namespace

Peers::Peers(asio::any_io_executor loop, Setup setup, PeerEvents& events, Log& log)
    : loop_{loop},
      setup_{std::move(setup)},
      events_{events},
      log_{log},
      strangers_{loop},
      tasks_{
          loop, [this](std::string_view name, std::exception_ptr failure) {
              log_.error("peers: a task failed", {{"task", name}, {"reason", reason_of(failure)}});
          }} {}

std::uint16_t Peers::listen(std::uint16_t port) {
    acceptors_.push_back(listening(loop_, port));
    tasks_.spawn("accept", accept_all(acceptors_.back()));
    return acceptors_.back().local_endpoint().port();
}

asio::awaitable<void> Peers::accept_all(tcp::acceptor& acceptor) {
    asio::steady_timer pause{loop_};
    while (acceptor.is_open()) {
        tcp::socket socket{loop_};
        const auto [error] = co_await acceptor.async_accept(socket, as_values);
        if (error == asio::error::operation_aborted) co_return;
        if (error) {
            log_.warning("peers: cannot accept a connection", {{"reason", error.message()}});
            pause.expires_after(accept_pause);
            co_await pause.async_wait(as_values);
            continue;
        }
        std::error_code gone;
        const Endpoint remote = plain(socket.remote_endpoint(gone));
        if (gone) continue;
        tasks_.spawn("admit", admit(std::move(socket), strangers_.enter(remote.address())));
    }
}

asio::awaitable<void> Peers::admit(tcp::socket socket, Stranger& stranger) {
    std::string refused;
    try {
        co_await with_deadline(welcome(std::move(socket)), stranger.limit);
    } catch (const std::system_error& error) {
        refused = stranger.was_put_out ? "too many connections that have not proved the key"
                                       : error.what();
    }
    const asio::ip::address from = stranger.from;
    strangers_.leave(stranger);
    if (!refused.empty() && !is_stopping_) log_refusal(from, refused);
}

asio::awaitable<void> Peers::welcome(tcp::socket socket) {
    PeerPointer peer = co_await greet(std::move(socket), /*dialed=*/false);
    adopt(std::move(peer));
}

// At most one line a second, however many knock.
void Peers::log_refusal(const asio::ip::address& address, const std::string& reason) {
    const Clock::time_point now = Clock::now();
    ++refusals_unlogged_;
    if (now - last_refusal_ < refusal_log_interval) return;
    last_refusal_ = now;
    log_.warning("peers: refused a connection",
                 {{"from", address.to_string()},
                  {"reason", reason},
                  {"refused", std::exchange(refusals_unlogged_, 0)}});
}

asio::awaitable<Result<wire::Incarnation>> Peers::connect(Endpoint endpoint) {
    endpoint = plain(endpoint);
    if (const auto known = known_.find(endpoint); known != known_.end()) co_return known->second;
    auto [position, is_new] = dials_.try_emplace(endpoint);
    if (is_new) {
        position->second = std::make_shared<Dial>(loop_);
        tasks_.spawn("dial", run_dial(position->second, endpoint));
    }
    const std::shared_ptr<Dial> dial = position->second;
    while (!dial->result)
        co_await dial->done.async_wait(as_values);
    co_return *dial->result;
}

asio::awaitable<void> Peers::run_dial(std::shared_ptr<Dial> dial, Endpoint endpoint) {
    try {
        auto dialing = dial_peer(endpoint);
        dial->result = co_await with_timeout(std::move(dialing), greeting_limit);
    } catch (const std::system_error& error) {
        dial->result = dial_error(endpoint, error);
    }
    dials_.erase(endpoint);
    dial->done.cancel();
}

asio::awaitable<wire::Incarnation> Peers::dial_peer(Endpoint endpoint) {
    tcp::socket socket{loop_};
    co_await socket.async_connect(endpoint, use_awaitable);
    PeerPointer peer = co_await greet(std::move(socket), /*dialed=*/true);
    co_return adopt(std::move(peer));
}

asio::awaitable<std::unique_ptr<wire::Stream>> Peers::secured(tcp::socket socket, bool dialed) {
    if (!setup_.tls) co_return wire::make_stream(std::move(socket));
    if (dialed) co_return co_await wire::tls_connect(std::move(socket), *setup_.tls);
    co_return co_await wire::tls_accept(std::move(socket), *setup_.tls);
}

asio::awaitable<Peers::PeerPointer> Peers::greet(tcp::socket socket, bool dialed) {
    set_timeouts(socket);
    const Endpoint remote = plain(socket.remote_endpoint());
    const Endpoint local = plain(socket.local_endpoint());
    auto stream = co_await secured(std::move(socket), dialed);
    auto scale_of = wire::said_by(wire::Role::daemon, setup_.scale_of);
    const auto peer = std::make_shared<Peer>(std::move(stream), std::move(scale_of));
    peer->remote = remote;
    peer->local = local;
    peer->dialed = dialed;
    tasks_.spawn("writer", write(peer));
    std::exception_ptr failure;
    try {
        co_await exchange_info(*peer);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return peer;
    peer->link.finish();  // what was said, a Goodbye too, still goes out
    std::rethrow_exception(failure);
}

asio::awaitable<void> Peers::exchange_info(Peer& peer) {
    peer.hello = co_await wire::exchange_hello(peer.link, setup_.hello);
    if (peer.hello.role != wire::Role::daemon || peer.hello.incarnation == 0)
        throw std::system_error{wire::HelloErrc::not_a_hello, "greet a daemon"};
    peer.link.send(setup_.info());
    const std::optional<wire::Message> second = co_await peer.link.receive();
    if (!second || second->type != wire::MessageType::node_info)
        throw std::system_error{wire::HelloErrc::not_a_hello, "hear what a daemon has"};
    peer.info = wire::body_of<wire::NodeInfo>(*second);
}

// When both dialed at once there are two connections; each side sends on the one it had first, so
// order holds, and hears on both. One that nobody uses gives way: its other end may be long gone.
// So the two sides may not send on the same one, and either may end without the other.
wire::Incarnation Peers::adopt(PeerPointer peer) {
    const wire::Incarnation incarnation = peer->hello.incarnation;
    if (incarnation == setup_.hello.incarnation) {
        peer->link.close();
        return incarnation;
    }
    std::vector<PeerPointer>& all = peers_[incarnation];
    const bool is_first = all.empty() || all.front()->uses == 0;
    all.insert(is_first ? all.begin() : all.end(), peer);
    known_[{peer->remote.address(), peer->info.port}] = incarnation;
    if (peer->dialed) known_[peer->remote] = incarnation;
    strangers_.remember_member(peer->remote.address());
    shares_cores_ = shares_cores_ || share_cores(setup_.info(), peer->info);
    log_.info("peers: connected", {{"node", peer->hello.node_name},
                                   {"address", text_of(peer->remote)},
                                   {"dialed", peer->dialed}});
    tasks_.spawn("reader", serve(peer));
    arm_idle(peer);
    return incarnation;
}

asio::awaitable<void> Peers::serve(PeerPointer peer) {
    std::string reason = "its connection closed";
    try {
        while (std::optional<wire::Message> message = co_await peer->link.receive()) {
            peer->silence.heard(Clock::now());
            if (message->type == wire::MessageType::beat) answer(peer, *message);
            if (message->type == wire::MessageType::goodbye) break;
            events_.on_peer_message(*peer, std::move(*message));
        }
    } catch (const std::system_error& error) {
        if (error.code() == asio::error::operation_aborted && !peer->link.is_closed()) throw;
        reason = std::string{"its connection failed: "} + error.what();
    }
    remove(peer, {reason});
}

// Its job may have reached us not yet, or have left us already: it must hear that we live all the
// same, and keep the connection that it needs. Answers have the number 0 and are not answered.
void Peers::answer(const PeerPointer& peer, const wire::Message& message) {
    if (peer->uses > 0 || wire::body_of<wire::Beat>(message).number == 0) return;
    arm_idle(peer);
    if (!peer->link.has_urgent_queued()) peer->link.send(wire::Beat{});
}

asio::awaitable<void> Peers::write(PeerPointer peer) {
    try {
        co_await peer->link.run_writer();
    } catch (const std::system_error&) {
        // The reader meets the same end, and says so.
    }
    peer->link.close();
}

void Peers::remove(const PeerPointer& peer, const Parting& parting) {
    peer->link.close();
    peer->idle.cancel();
    const wire::Incarnation incarnation = peer->hello.incarnation;
    strangers_.remember_member(peer->remote.address());
    const auto registered = peers_.find(incarnation);
    if (registered == peers_.end()) return;
    std::vector<PeerPointer>& all = registered->second;
    const bool was_needed = all.front() == peer && (peer->uses > 0 || parting.silent_since);
    std::erase(all, peer);
    if (!all.empty() && !was_needed) return;
    for (const PeerPointer& other : all)
        other->link.close();
    peers_.erase(registered);
    std::erase_if(known_, [&](const auto& entry) { return entry.second == incarnation; });
    log_.info("peers: disconnected", {{"node", peer->hello.node_name},
                                      {"address", text_of(peer->remote)},
                                      {"reason", parting.reason}});
    events_.on_peer_gone(incarnation, parting);
}

void Peers::remove_silent(const PeerPointer& peer, Clock::time_point now) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(peer->silence.length(now));
    const std::string reason = "silent for " + std::to_string(seconds.count()) + " s";
    remove(peer, {reason, now - peer->silence.length(now)});
}

Peer* Peers::find(wire::Incarnation incarnation) noexcept {
    const auto found = peers_.find(incarnation);
    return found == peers_.end() ? nullptr : found->second.front().get();
}

std::vector<wire::Incarnation> Peers::connected() const {
    std::vector<wire::Incarnation> all;
    for (const auto& [incarnation, connections] : peers_)
        all.push_back(incarnation);
    return all;
}

void Peers::use(wire::Incarnation incarnation) {
    Peer* peer = find(incarnation);
    if (!peer) return;
    if (peer->uses++ == 0) peer->silence.heard(Clock::now());
    peer->idle.cancel();
}

void Peers::release(wire::Incarnation incarnation) {
    const auto found = peers_.find(incarnation);
    if (found == peers_.end()) return;
    const PeerPointer peer = found->second.front();
    if (peer->uses == 0 || --peer->uses > 0) return;
    const Clock::time_point now = Clock::now();
    if (peer->silence.judge(now, suspect_after) == Verdict::lost)
        remove_silent(peer, now);  // nobody watches it from here, and the next job would trust it
    else
        arm_idle(peer);
}

void Peers::arm_idle(const PeerPointer& peer) {
    if (!peer->dialed || peer->uses > 0) return;
    peer->idle.expires_after(idle_limit);
    const auto expired = [watched = std::weak_ptr{peer}](std::error_code error) {
        const PeerPointer idle = watched.lock();
        if (error || !idle || idle->uses > 0) return;
        idle->link.send(wire::Goodbye{});
        idle->link.finish();
    };
    peer->idle.async_wait(expired);
}

void Peers::beat(Clock::time_point now, Milliseconds gap, Milliseconds lost_after) {
    std::vector<PeerPointer> lost;
    for (const auto& [incarnation, connections] : peers_) {
        const PeerPointer& peer = connections.front();
        if (peer->uses == 0) continue;
        peer->silence.forgive(gap);
        const auto gap_ms = static_cast<std::uint32_t>(gap.count());
        if (!peer->link.has_urgent_queued())
            peer->link.send(wire::Beat{++peer->beats_sent, gap_ms});
        if (peer->silence.judge(now, lost_after) == Verdict::lost) lost.push_back(peer);
    }
    for (const PeerPointer& peer : lost)
        remove_silent(peer, now);
}

void Peers::stop() {
    is_stopping_ = true;
    for (tcp::acceptor& acceptor : acceptors_) {
        std::error_code ignored;
        acceptor.close(ignored);
    }
    for (const auto& [incarnation, connections] : peers_)
        for (const PeerPointer& peer : connections)
            peer->link.close();
    tasks_.cancel();
}

asio::awaitable<void> Peers::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
