// SPDX-License-Identifier: Apache-2.0
#include "daemon/tcp_sockets.hpp"

#include <netinet/tcp.h>
#include <asio/ip/v6_only.hpp>

namespace vrun::daemon {

using asio::ip::tcp;

namespace {

constexpr unsigned user_timeout_ms = 30'000;
constexpr int keep_alive_idle_s = 20, keep_alive_interval_s = 5;

}  // namespace

void set_timeouts(tcp::socket& socket) {
    using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
    using KeepIdle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
    using KeepInterval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
    socket.set_option(UserTimeout{static_cast<int>(user_timeout_ms)});
    socket.set_option(tcp::socket::keep_alive{true});
    socket.set_option(KeepIdle{keep_alive_idle_s});
    socket.set_option(KeepInterval{keep_alive_interval_s});
}

tcp::acceptor listening(asio::any_io_executor loop, std::uint16_t port) {
    tcp::acceptor acceptor{loop};
    std::error_code no_ipv6;
    acceptor.open(tcp::v6(), no_ipv6);
    if (no_ipv6)
        acceptor.open(tcp::v4());
    else
        acceptor.set_option(asio::ip::v6_only{false});
    acceptor.set_option(tcp::acceptor::reuse_address{true});
    acceptor.bind({no_ipv6 ? tcp::v4() : tcp::v6(), port});
    acceptor.listen();
    return acceptor;
}

}  // namespace vrun::daemon
