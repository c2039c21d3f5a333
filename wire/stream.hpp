// SPDX-License-Identifier: Apache-2.0
// wire/stream: the bytes under a link, whatever carries them.
// A unix socket, a socket pair, plain TCP (here) or TLS (wire/tls): one interface, so that a link
// is compiled once and vrun never meets OpenSSL. One reader and one writer at a time.
#pragma once

#include "wire/base/fd.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <memory>
#include <span>

namespace vrun::wire {

class Stream {
public:
    virtual ~Stream() = default;
    // At least one byte; 0 at the peer's end. Throws std::system_error.
    virtual asio::awaitable<std::size_t> read_some(asio::mutable_buffer into) = 0;
    // All of it. The buffers stay valid until it completes.
    virtual asio::awaitable<void> write(std::span<const asio::const_buffer> buffers) = 0;
    // Wakes the reader and the writer with asio::error::operation_aborted. May be called twice.
    virtual void close() noexcept = 0;
    virtual asio::any_io_executor executor() = 0;
};

std::unique_ptr<Stream> make_stream(asio::local::stream_protocol::socket socket);
std::unique_ptr<Stream> make_stream(asio::ip::tcp::socket socket);

// Takes over a connected unix socket or one end of a socketpair.
std::unique_ptr<Stream> make_local_stream(asio::any_io_executor loop, UniqueFd socket);

}  // namespace vrun::wire
