// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/pmi_sockets.hpp"

#include "wire/base/result.hpp"

#include <sys/socket.h>
#include <array>
#include <string_view>

namespace vrun::shepherd {

PmiSockets::PmiSockets(asio::any_io_executor loop, pmi::ServerSetup setup, Events events,
                       process::Log& log)
    : loop_{loop},
      log_{log},
      events_{std::move(events)},
      server_{std::move(setup)},
      tasks_{loop, [this](std::string_view name, std::exception_ptr) {
                 log_.warning("a rank's PMI connection failed", {{"rank", name}});
             }} {}

UniqueFd PmiSockets::connect(wire::Rank rank) {
    std::array<int, 2> ends{};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    UniqueFd ours{ends[0]}, theirs{ends[1]};
    Socket& socket = sockets_.try_emplace(rank, loop_).first->second;
    socket.assign(asio::local::stream_protocol{}, ours.get());
    ours.release();
    tasks_.spawn(std::to_string(rank), listen(rank));
    return theirs;
}

asio::awaitable<void> PmiSockets::listen(wire::Rank rank) {
    Socket& socket = sockets_.at(rank);
    while (socket.is_open()) {
        co_await socket.async_wait(Socket::wait_read, asio::use_awaitable);
        hear(rank);
    }
}

void PmiSockets::rank_ended(wire::Rank rank) {
    while (hear(rank)) {
    }
}

// False: there was nothing.
bool PmiSockets::hear(wire::Rank rank) {
    const auto found = sockets_.find(rank);
    if (found == sockets_.end() || !found->second.is_open()) return false;
    std::array<char, 16u << 10> buffer;
    const int fd = found->second.native_handle();
    const auto size = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (size <= 0) {
        found->second.close();
        return false;
    }
    obey(server_.receive(rank, {buffer.data(), static_cast<std::size_t>(size)}));
    return true;
}

void PmiSockets::obey(const pmi::Actions& actions) {
    for (const pmi::Action& action : actions)
        std::visit([this](const auto& what) { carry_out(what); }, action);
}

// A rank asks and waits, so the socket has always room, unless the rank plays tricks.
void PmiSockets::carry_out(const pmi::Answer& answer) {
    const auto found = sockets_.find(answer.rank);
    if (found == sockets_.end() || !found->second.is_open()) return;
    const std::string& text = answer.text;
    const auto sent = ::send(found->second.native_handle(), text.data(), text.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(text.size())) return;
    if (sent < 0 && errno == EPIPE) return found->second.close();  // it is dead, or closed its end
    end(answer.rank, "does not read its answers");
}

void PmiSockets::carry_out(const pmi::Barrier& barrier) {
    const auto done = [this](int status, pmi::Bytes changes) {
        obey(server_.barrier_done(status == pmix::status::success, changes));
    };
    events_.on_barrier(barrier.changes, pmix::Reply{done});
}

void PmiSockets::end(wire::Rank rank, const std::string& reason) {
    const auto found = sockets_.find(rank);
    if (found == sockets_.end() || !found->second.is_open()) return;
    log_.warning("hung up on a rank that speaks PMI wrongly", {{"rank", rank}, {"it", reason}});
    found->second.close();
}

asio::awaitable<void> PmiSockets::finish() {
    tasks_.cancel();
    co_await tasks_.join();
    sockets_.clear();
}

}  // namespace vrun::shepherd
