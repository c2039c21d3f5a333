// SPDX-License-Identifier: Apache-2.0
// launcher/daemon_connection: the daemon beside us: finding it, greeting it, leaving it.
// A socket that was named (--socket, VRUN_SOCKET) must answer; without a name the usual places are
// asked in turn, and none of them answering is no error. Only root's and our own daemon are spoken
// to.
#pragma once

#include "wire/base/fd.hpp"
#include "wire/base/result.hpp"
#include "wire/base/task_group.hpp"
#include "wire/link.hpp"
#include "wire/messages/session.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace vrun::launcher {

inline constexpr std::chrono::milliseconds greeting_limit{10'000};

// A socket to the daemon; empty if no daemon runs here. `option` is the value of --socket.
Result<std::optional<UniqueFd>> find_daemon(const std::optional<std::string>& option);

// "/run/vrun/vrund.sock, /tmp/vrun-1000/vrund.sock": where find_daemon() looked.
std::string searched_sockets();

struct Refusal {
    int exit_code;
    std::string sentence;  // with the peer's words in it, not escaped
};

class DaemonConnection {
public:
    DaemonConnection(asio::any_io_executor loop, UniqueFd socket);

    // Empty: both sides speak the same protocol. Call first.
    asio::awaitable<std::optional<Refusal>> greet(wire::Role role,
                                                  std::chrono::milliseconds limit = greeting_limit);
    wire::Link& link() { return link_; }

    // Writes what was sent, if the daemon reads it, and closes. Await it before destruction.
    asio::awaitable<void> leave();

private:
    asio::awaitable<void> write_messages();

    wire::Link link_;
    TaskGroup tasks_;
};

}  // namespace vrun::launcher
