// SPDX-License-Identifier: Apache-2.0
// wire/tls/tls_stream: TLS 1.3 with the cluster key as external pre-shared key, on a TCP socket.
// OpenSSL reads and writes the descriptor itself, Asio only says when to try again: 15 KB per
// connection. No certificate is ever accepted; no byte is handed out before both proved the key.
#pragma once

#include "wire/stream.hpp"
#include "wire/tls/cluster_key.hpp"

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <memory>
#include <system_error>
#include <vector>

namespace vrun::wire {

// Of the category "tls", whose other values are OpenSSL's own reasons.
enum class TlsErrc { wrong_key = 1, not_vrun, cut_off };
std::error_code make_error_code(TlsErrc value) noexcept;

// What both sides know. A value that shares its state: copies are cheap, streams keep what they
// need.
class TlsContext {
public:
    // The first key is offered, all are accepted. To rotate: append the new key on every node, put
    // it first on every node, drop the old one. `keys` is not empty. Throws std::system_error.
    explicit TlsContext(const std::vector<ClusterKey>& keys);

    struct State;
    const std::shared_ptr<const State>& state() const noexcept { return state_; }

private:
    std::shared_ptr<const State> state_;
};

// The handshake, as the one who dialled and as the one who was called. Throws TlsErrc or OpenSSL's
// reason, and closes the socket then. No limit of their own: use with_timeout().
// The stream's read_some() returns 0 after the peer's close(), and throws TlsErrc::cut_off when the
// connection ended without that goodbye: the peer died, or somebody in between cut the line.
asio::awaitable<std::unique_ptr<Stream>> tls_connect(asio::ip::tcp::socket socket,
                                                     TlsContext context);
asio::awaitable<std::unique_ptr<Stream>> tls_accept(asio::ip::tcp::socket socket,
                                                    TlsContext context);

// OpenSSL uses plain write(): a program with TLS streams calls this once, in main.
// Programs that it starts must get the default back.
void ignore_sigpipe() noexcept;

}  // namespace vrun::wire

template <>
struct std::is_error_code_enum<vrun::wire::TlsErrc> : std::true_type {};
