// SPDX-License-Identifier: Apache-2.0
// daemon/tcp_sockets: how the sockets between daemons are set up.
// The kernel ends a connection whose other end is gone within a minute, also when nobody has
// anything to say on it; while a job runs, beats are faster.
#pragma once

#include <asio/ip/tcp.hpp>

namespace vrun::daemon {

void set_timeouts(asio::ip::tcp::socket& socket);

// On every address of the machine, of both families where it has both. Throws std::system_error.
asio::ip::tcp::acceptor listening(asio::any_io_executor loop, std::uint16_t port);

}  // namespace vrun::daemon
