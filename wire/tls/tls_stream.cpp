// SPDX-License-Identifier: Apache-2.0
#include "wire/tls/tls_stream.hpp"

#include "wire/tls/tls_context.hpp"

#include <openssl/err.h>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cassert>
#include <csignal>
#include <optional>

namespace vrun::wire {
namespace {

using asio::use_awaitable;
using asio::ip::tcp;

constexpr std::size_t record_size_max = 16 * 1024;
constexpr std::uint64_t handshake_bytes_max = 64u << 10;

enum class Side { client, server };
enum class Call { handshake, read, write };

struct Request {
    Call call;
    void* into = nullptr;
    const void* from = nullptr;
    std::size_t size = 0;
};

const char* doing(Call call) noexcept {
    switch (call) {
    case Call::handshake:
        return "prove the cluster key";
    case Call::read:
        return "read";
    case Call::write:
        return "write";
    }
    return "";
}

// Cuts buffers into runs for SSL_write: what is long goes out where it lies, what is short is
// copied together, so that header and body of a frame share a record.
class Runs {
public:
    explicit Runs(std::span<const asio::const_buffer> buffers) : buffers_{buffers} {}

    // Valid until the next call; empty at the end.
    asio::const_buffer next() {
        skip_empty();
        if (buffers_.empty()) return {};
        const asio::const_buffer front = buffers_.front() + offset_;
        if (buffers_.size() == 1) return take(front, front.size());
        const std::size_t records = front.size() / record_size_max;
        if (records > 0) return take(front, records * record_size_max);
        return gather();
    }

private:
    asio::const_buffer take(asio::const_buffer front, std::size_t size) {
        offset_ += size;
        return asio::buffer(front, size);
    }

    void skip_empty() {
        while (!buffers_.empty() && offset_ == buffers_.front().size()) {
            buffers_ = buffers_.subspan(1);
            offset_ = 0;
        }
    }

    asio::const_buffer gather() {
        if (!copy_) copy_ = std::make_unique_for_overwrite<char[]>(record_size_max);
        std::size_t filled = 0;
        for (skip_empty(); filled < record_size_max && !buffers_.empty(); skip_empty()) {
            const auto room = asio::buffer(copy_.get() + filled, record_size_max - filled);
            const std::size_t copied = asio::buffer_copy(room, buffers_.front() + offset_);
            offset_ += copied;
            filled += copied;
        }
        return asio::buffer(copy_.get(), filled);
    }

    std::span<const asio::const_buffer> buffers_;
    std::size_t offset_ = 0;  // into the first of them
    std::unique_ptr<char[]> copy_;
};

class TlsStream final : public Stream {
public:
    TlsStream(tcp::socket socket, std::shared_ptr<const TlsContext::State> state)
        : state_{std::move(state)},
          socket_{std::move(socket)},
          ssl_{::SSL_new(state_->context.get())} {
        check_ssl(ssl_ != nullptr, "SSL_new");
        socket_.native_non_blocking(true);
        socket_.set_option(tcp::no_delay{true});
        check_ssl(::SSL_set_fd(ssl_.get(), socket_.native_handle()), "SSL_set_fd");
    }
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;
    ~TlsStream() override { close(); }

    asio::awaitable<void> handshake(Side side);
    asio::awaitable<std::size_t> read_some(asio::mutable_buffer into) override;
    asio::awaitable<void> write(std::span<const asio::const_buffer> buffers) override;
    void close() noexcept override;
    asio::any_io_executor executor() override { return socket_.get_executor(); }

private:
    struct Outcome {
        std::optional<tcp::socket::wait_type> wait;
        std::error_code error = {};
        std::size_t size = 0;
    };

    asio::awaitable<std::size_t> finish(Request request);
    Outcome attempt(const Request& request);
    int run(const Request& request, std::size_t& size);

    std::shared_ptr<const TlsContext::State> state_;  // the keys, which callbacks look up
    tcp::socket socket_;
    Handle<SSL, SSL_free> ssl_;
    bool can_say_goodbye_ = false;  // not before the handshake, in a record or after a failure
    bool closed_ = false;
};

asio::awaitable<void> TlsStream::handshake(Side side) {
    if (side == Side::client) {
        ::SSL_set_connect_state(ssl_.get());
        // The store is empty. Left alone, a client trusts any server that shows a certificate. (A
        // server must not ask: without a session id context it would fail every handshake.)
        ::SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, nullptr);
    } else {
        ::SSL_set_accept_state(ssl_.get());
    }
    const Request request{Call::handshake};
    co_await finish(request);
    // The one proof that the key was used, whatever else made the handshake succeed.
    if (!::SSL_session_reused(ssl_.get()))
        throw std::system_error{TlsErrc::wrong_key, doing(Call::handshake)};
    can_say_goodbye_ = true;
}

asio::awaitable<std::size_t> TlsStream::read_some(asio::mutable_buffer into) {
    assert(into.size() > 0);
    const Request request{Call::read, into.data(), nullptr, into.size()};
    co_return co_await finish(request);
}

asio::awaitable<void> TlsStream::write(std::span<const asio::const_buffer> buffers) {
    Runs runs{buffers};
    for (asio::const_buffer run = runs.next(); run.size() > 0; run = runs.next()) {
        const bool could = std::exchange(can_say_goodbye_, false);
        const Request request{Call::write, nullptr, run.data(), run.size()};
        co_await finish(request);
        can_say_goodbye_ = could;
    }
}

void TlsStream::close() noexcept {
    if (std::exchange(closed_, true)) return;
    if (can_say_goodbye_) ::SSL_shutdown(ssl_.get());  // sent if the socket takes it at once
    ::ERR_clear_error();
    std::error_code ignored;
    socket_.close(ignored);
}

// Try first, wait second: bytes inside OpenSSL never make the socket readable.
asio::awaitable<std::size_t> TlsStream::finish(Request request) {
    bool waited = false;
    for (;;) {
        if (closed_) throw std::system_error{asio::error::operation_aborted, doing(request.call)};
        const Outcome now = attempt(request);
        if (now.error) can_say_goodbye_ = false;
        if (now.error) throw std::system_error{now.error, doing(request.call)};
        // A peer that always has more to say must not keep this loop from its other work.
        if (!now.wait && !waited) co_await asio::post(socket_.get_executor(), use_awaitable);
        if (!now.wait) co_return now.size;
        const tcp::socket::wait_type ready = *now.wait;
        co_await socket_.async_wait(ready, use_awaitable);
        waited = true;
    }
}

TlsStream::Outcome TlsStream::attempt(const Request& request) {
    std::size_t size = 0;
    const int result = run(request, size);
    const int cause = errno;
    if (request.call == Call::handshake &&
        ::BIO_number_read(::SSL_get_rbio(ssl_.get())) > handshake_bytes_max)
        return {{}, TlsErrc::not_vrun};
    switch (::SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
        return {{}, {}, size};
    case SSL_ERROR_WANT_READ:
        return {tcp::socket::wait_read};
    case SSL_ERROR_WANT_WRITE:
        return {tcp::socket::wait_write};
    case SSL_ERROR_ZERO_RETURN:
        if (request.call != Call::read) return {{}, TlsErrc::cut_off};
        return {{}, {}, 0};
    case SSL_ERROR_SYSCALL:
        if (cause == 0) return {{}, TlsErrc::cut_off};
        return {{}, {cause, std::system_category()}};
    default:
        return {{}, tls_library_error()};
    }
}

int TlsStream::run(const Request& request, std::size_t& size) {
    ::ERR_clear_error();  // SSL_get_error() reads the queue of the whole thread
    errno = 0;
    switch (request.call) {
    case Call::handshake:
        return ::SSL_do_handshake(ssl_.get());
    case Call::read:
        return ::SSL_read_ex(ssl_.get(), request.into, request.size, &size);
    case Call::write:
        return ::SSL_write_ex(ssl_.get(), request.from, request.size, &size);
    }
    return 0;
}

asio::awaitable<std::unique_ptr<Stream>> secured(tcp::socket socket, TlsContext context,
                                                 Side side) {
    auto stream = std::make_unique<TlsStream>(std::move(socket), context.state());
    co_await stream->handshake(side);
    co_return stream;
}

}  // namespace

asio::awaitable<std::unique_ptr<Stream>> tls_connect(tcp::socket socket, TlsContext context) {
    return secured(std::move(socket), std::move(context), Side::client);
}

asio::awaitable<std::unique_ptr<Stream>> tls_accept(tcp::socket socket, TlsContext context) {
    return secured(std::move(socket), std::move(context), Side::server);
}

void ignore_sigpipe() noexcept {
    ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace vrun::wire
