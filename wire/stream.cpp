// SPDX-License-Identifier: Apache-2.0
#include "wire/stream.hpp"

#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace vrun::wire {
namespace {

using asio::use_awaitable;

constexpr int local_buffer_size = 1 << 20;

template <class Socket>
class SocketStream final : public Stream {
public:
    explicit SocketStream(Socket socket) : socket_{std::move(socket)} {}

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer into) override {
        constexpr auto as_values = asio::experimental::as_tuple(use_awaitable);
        auto [error, size] = co_await socket_.async_read_some(into, as_values);
        if (error == asio::error::eof) co_return 0;
        if (error) throw std::system_error{error, "read"};
        co_return size;
    }

    asio::awaitable<void> write(std::span<const asio::const_buffer> buffers) override {
        co_await asio::async_write(socket_, buffers, use_awaitable);
    }

    void close() noexcept override {
        std::error_code ignored;
        socket_.close(ignored);
    }

    asio::any_io_executor executor() override { return socket_.get_executor(); }

private:
    Socket socket_;
};

}  // namespace

// The kernel may give less. With its default, two chunks of output fill a socket, and both sides
// wake each other for every one.
std::unique_ptr<Stream> make_stream(asio::local::stream_protocol::socket socket) {
    std::error_code ignored;
    socket.set_option(asio::socket_base::send_buffer_size{local_buffer_size}, ignored);
    return std::make_unique<SocketStream<asio::local::stream_protocol::socket>>(std::move(socket));
}

std::unique_ptr<Stream> make_stream(asio::ip::tcp::socket socket) {
    socket.set_option(asio::ip::tcp::no_delay{true});
    return std::make_unique<SocketStream<asio::ip::tcp::socket>>(std::move(socket));
}

std::unique_ptr<Stream> make_local_stream(asio::any_io_executor loop, UniqueFd socket) {
    asio::local::stream_protocol::socket adopted{loop};
    adopted.assign(asio::local::stream_protocol{}, socket.get());
    (void)socket.release();
    return make_stream(std::move(adopted));
}

}  // namespace vrun::wire
