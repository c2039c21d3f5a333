// SPDX-License-Identifier: Apache-2.0
#include "wire/tls/tls_stream.hpp"

#include "tests/support/loop.hpp"
#include "wire/base/handle.hpp"
#include "wire/base/task_group.hpp"
#include "wire/base/timeout.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <array>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <random>
#include <thread>

namespace vrun::wire {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using asio::ip::tcp;
using test::run_loop;
using StreamPtr = std::unique_ptr<Stream>;

const ClusterKey our_key{{1, 2, 3}}, other_key{{4, 5, 6}};

TlsContext context_of(std::vector<ClusterKey> keys) {
    ignore_sigpipe();
    return TlsContext{keys};
}

struct Sockets {
    tcp::socket client, server;
};

Sockets connected(asio::any_io_executor loop) {
    tcp::acceptor acceptor{loop, {asio::ip::address_v4::loopback(), 0}};
    tcp::socket client{loop};
    client.connect(acceptor.local_endpoint());
    return {std::move(client), acceptor.accept()};
}

struct Ends {
    StreamPtr client, server;
};

asio::awaitable<Ends> streams(asio::any_io_executor loop, TlsContext client, TlsContext server) {
    Sockets sockets = connected(loop);
    auto dialled = tls_connect(std::move(sockets.client), client);
    auto called = tls_accept(std::move(sockets.server), server);
    auto [a, b] = co_await (std::move(dialled) && std::move(called));
    co_return Ends{std::move(a), std::move(b)};
}

asio::awaitable<std::error_code> error_of(asio::awaitable<StreamPtr> handshake) {
    try {
        (void)co_await with_timeout(std::move(handshake), 5s);
        co_return std::error_code{};
    } catch (const std::system_error& error) {
        co_return error.code();
    }
}

asio::awaitable<std::error_code> read_error(Stream& stream) {
    std::array<char, 1> byte{};
    const asio::mutable_buffer into = asio::buffer(byte);
    try {
        const std::size_t size = co_await stream.read_some(into);
        co_return size == 0 ? make_error_code(asio::error::eof) : std::error_code{};
    } catch (const std::system_error& error) {
        co_return error.code();
    }
}

asio::awaitable<void> write_all(Stream& stream, const std::string& text) {
    const std::array buffers{asio::const_buffer{asio::buffer(text)}};
    const std::span<const asio::const_buffer> all{buffers};
    co_await stream.write(all);
}

asio::awaitable<std::string> read_all(Stream& stream, std::size_t size) {
    std::string text(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
        const asio::mutable_buffer room = asio::buffer(text) + filled;
        const std::size_t got = co_await stream.read_some(room);
        if (got == 0) break;
        filled += got;
    }
    text.resize(filled);
    co_return text;
}

std::string noise(std::size_t size, unsigned seed) {
    std::mt19937 random{seed};
    std::string text(size, '\0');
    for (char& letter : text)
        letter = static_cast<char>(random());
    return text;
}

using Context = Handle<SSL_CTX, SSL_CTX_free>;

// A peer that is not ours: OpenSSL with blocking calls on a thread of its own.
class Stranger {
public:
    using Entry = int (*)(SSL*);  // SSL_connect or SSL_accept
    Stranger(tcp::socket socket, SSL_CTX* context, Entry entry)
        : socket_{std::move(socket)},
          ssl_{::SSL_new(context)},
          thread_{[this, entry] { talk(entry); }} {}
    ~Stranger() { thread_.join(); }

private:
    void talk(Entry entry) {
        socket_.native_non_blocking(false);
        ::SSL_set_fd(ssl_.get(), socket_.native_handle());
        if (entry(ssl_.get()) <= 0) return;
        char byte = 0;
        ::SSL_write(ssl_.get(), "x", 1);
        ::SSL_read(ssl_.get(), &byte, 1);
    }

    tcp::socket socket_;
    Handle<SSL, SSL_free> ssl_;
    std::thread thread_;
};

Context plain_context() {
    return Context{::SSL_CTX_new(::TLS_method())};
}

Context with_a_self_signed_certificate() {
    Context context = plain_context();
    const Handle<EVP_PKEY, EVP_PKEY_free> key{::EVP_EC_gen("P-256")};
    const Handle<X509, X509_free> certificate{::X509_new()};
    ::X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    ::X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    ::X509_set_pubkey(certificate.get(), key.get());
    ::X509_sign(certificate.get(), key.get(), ::EVP_sha256());
    ::SSL_CTX_use_certificate(context.get(), certificate.get());
    ::SSL_CTX_use_PrivateKey(context.get(), key.get());
    return context;
}

// What our side says about a stranger.
asio::awaitable<std::error_code> client_refusal(asio::any_io_executor loop, SSL_CTX* server) {
    const TlsContext context = context_of({our_key});
    Sockets sockets = connected(loop);
    const Stranger stranger{std::move(sockets.server), server, ::SSL_accept};
    auto dialled = tls_connect(std::move(sockets.client), context);
    co_return co_await error_of(std::move(dialled));
}

asio::awaitable<std::error_code> server_refusal(asio::any_io_executor loop, SSL_CTX* client) {
    const TlsContext context = context_of({our_key});
    Sockets sockets = connected(loop);
    const Stranger stranger{std::move(sockets.client), client, ::SSL_connect};
    auto called = tls_accept(std::move(sockets.server), context);
    co_return co_await error_of(std::move(called));
}

TEST(TlsStream, CarriesALotEachWayAtOnce) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        Ends ends = co_await streams(loop, context, context);
        const std::string there = noise(16 << 20, 1), back = noise(16 << 20, 2);
        const auto [got_there, got_back] = co_await (
            (write_all(*ends.client, there) && write_all(*ends.server, back)) &&
            (read_all(*ends.server, there.size()) && read_all(*ends.client, back.size())));
        EXPECT_TRUE(got_there == there);
        EXPECT_TRUE(got_back == back);
    });
}

TEST(TlsStream, KeepsTheOrderOfManyBuffersOfAnySize) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        Ends ends = co_await streams(loop, context, context);
        std::string text;
        std::vector<std::string> parts;
        for (const std::size_t size :
             {0, 8, 16, 32768, 8, 0, 16383, 1, 16384, 5, 100'000, 16385, 0}) {
            parts.push_back(noise(size, static_cast<unsigned>(parts.size())));
            text += parts.back();
        }
        std::vector<asio::const_buffer> buffers;
        for (const std::string& part : parts)
            buffers.push_back(asio::buffer(part));
        const std::span<const asio::const_buffer> all{buffers};
        const std::string got =
            co_await (ends.client->write(all) && read_all(*ends.server, text.size()));
        EXPECT_TRUE(got == text);
    });
}

TEST(TlsStream, RefusesAWrongKeyOnBothSides) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext ours = context_of({our_key}), theirs = context_of({other_key});
        Sockets sockets = connected(loop);
        auto dialled = error_of(tls_connect(std::move(sockets.client), theirs));
        auto called = error_of(tls_accept(std::move(sockets.server), ours));
        const auto [client, server] = co_await (std::move(dialled) && std::move(called));
        EXPECT_EQ(client, TlsErrc::wrong_key) << client.message();
        EXPECT_EQ(server, TlsErrc::wrong_key) << server.message();
        EXPECT_EQ(client.message(),
                  "the peer has another cluster key; give both the same key file");
    });
}

TEST(TlsStream, AcceptsBothKeysWhileTheyRotate) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const std::array steps{context_of({our_key}), context_of({our_key, other_key}),
                               context_of({other_key, our_key}), context_of({other_key})};
        for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
            (void)co_await streams(loop, steps[i], steps[i + 1]);
            (void)co_await streams(loop, steps[i + 1], steps[i]);
        }
    });
}

TEST(TlsStream, RefusesAServerThatShowsACertificateInstead) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const Context rogue = with_a_self_signed_certificate();
        const std::error_code error = co_await client_refusal(loop, rogue.get());
        EXPECT_EQ(error, TlsErrc::wrong_key) << error.message();
    });
}

TEST(TlsStream, RefusesAClientWithoutKey) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const Context keyless = plain_context();
        const std::error_code error = co_await server_refusal(loop, keyless.get());
        EXPECT_EQ(error, TlsErrc::wrong_key) << error.message();
    });
}

TEST(TlsStream, RefusesTls12OnBothSides) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const Context client = plain_context(), server = with_a_self_signed_certificate();
        SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
        SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
        const std::error_code called = co_await server_refusal(loop, client.get());
        const std::error_code dialled = co_await client_refusal(loop, server.get());
        EXPECT_EQ(called, TlsErrc::not_vrun) << called.message();
        EXPECT_EQ(dialled, TlsErrc::not_vrun) << dialled.message();
    });
}

class Garbage : public testing::TestWithParam<std::string> {};

TEST_P(Garbage, IsRefused) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        for (const bool dialling : {false, true}) {
            Sockets sockets = connected(loop);
            tcp::socket& theirs = dialling ? sockets.server : sockets.client;
            asio::write(theirs, asio::buffer(GetParam()));
            theirs.shutdown(tcp::socket::shutdown_send);
            auto handshake = dialling ? tls_connect(std::move(sockets.client), context)
                                      : tls_accept(std::move(sockets.server), context);
            const std::error_code error = co_await error_of(std::move(handshake));
            EXPECT_TRUE(error) << "dialling: " << dialling;
            EXPECT_NE(error, std::errc::timed_out);
        }
    });
}

INSTANTIATE_TEST_SUITE_P(TlsStream, Garbage,
                         testing::Values("", "GET / HTTP/1.0\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
                                         std::string(100'000, '\0'), noise(100'000, 7),
                                         std::string("\x16\x03\x01\x40\x00\x01\x00\xff\xff", 9) +
                                             noise(100'000, 8)));

TEST(TlsStream, GivesUpOnASilentPeer) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        Sockets sockets = connected(loop);
        std::error_code code;
        try {
            auto handshake = tls_accept(std::move(sockets.server), context);
            (void)co_await with_timeout(std::move(handshake), 50ms);
        } catch (const std::system_error& error) {
            code = error.code();
        }
        EXPECT_EQ(code, std::errc::timed_out);
    });
}

TEST(TlsStream, IgnoresErrorsThatOthersLeftOnTheThread) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        Ends ends = co_await streams(loop, context, context);
        ERR_raise(ERR_LIB_USER, 1);
        const std::string hello = "hello";
        const auto got =
            co_await (read_all(*ends.server, hello.size()) && write_all(*ends.client, hello));
        EXPECT_EQ(got, hello);
    });
}

TEST(TlsStream, CloseWakesReaderAndWriterHereAndEndsThePeer) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        Ends ends = co_await streams(loop, context, context);
        std::error_code reading, writing;
        const auto read = [&]() -> asio::awaitable<void> {
            reading = co_await read_error(*ends.client);
        };
        const std::string endless(64 << 20, 'x');  // more than the sockets hold
        const auto write = [&]() -> asio::awaitable<void> {
            try {
                co_await write_all(*ends.client, endless);
            } catch (const std::system_error& error) {
                writing = error.code();
            }
        };
        TaskGroup tasks{loop, [](auto, auto) { ADD_FAILURE(); }};
        tasks.spawn("reader", read());
        tasks.spawn("writer", write());
        for (int turn = 0; turn < 5000; ++turn)
            co_await asio::post(loop, asio::use_awaitable);
        EXPECT_EQ(tasks.size(), 2u);
        ends.client->close();
        ends.client->close();
        co_await tasks.join();
        EXPECT_EQ(reading, asio::error::operation_aborted);
        EXPECT_EQ(writing, asio::error::operation_aborted);
        const std::error_code after = co_await read_error(*ends.client);
        EXPECT_EQ(after, asio::error::operation_aborted);
    });
}

TEST(TlsStream, TellsAGoodbyeFromACut) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        Ends ends = co_await streams(loop, context, context);
        ends.client->close();
        const std::error_code goodbye = co_await read_error(*ends.server);
        EXPECT_EQ(goodbye, asio::error::eof);

        Sockets sockets = connected(loop);
        const int raw = sockets.client.native_handle();
        auto dialled = tls_connect(std::move(sockets.client), context);
        auto called = tls_accept(std::move(sockets.server), context);
        auto [client, server] = co_await (std::move(dialled) && std::move(called));
        ::shutdown(raw, SHUT_RDWR);
        const std::error_code cut = co_await read_error(*server);
        EXPECT_EQ(cut, TlsErrc::cut_off) << cut.message();
    });
}

TEST(TlsStream, ReportsAWriteToAClosedPeerAndLives) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        Ends ends = co_await streams(loop, context, context);
        ends.client.reset();
        const std::string text = noise(1 << 16, 1);
        std::error_code code;
        try {
            for (;;)
                co_await write_all(*ends.server, text);
        } catch (const std::system_error& error) {
            code = error.code();
        }
        EXPECT_TRUE(code == std::errc::broken_pipe || code == std::errc::connection_reset)
            << code.message();
    });
}

TEST(TlsStream, LetsTheLoopTurnWhileAPeerAlwaysHasMore) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        Ends ends = co_await streams(loop, context, context);
        const std::string text = noise(10'000, 3);
        co_await write_all(*ends.client, text);
        int turns = 0;
        const auto count = [&]() -> asio::awaitable<void> {
            for (; turns < 1000; ++turns)
                co_await asio::post(loop, asio::use_awaitable);
        };
        const auto drain = [&]() -> asio::awaitable<void> {
            std::array<char, 1> byte{};
            const asio::mutable_buffer into = asio::buffer(byte);
            for (std::size_t i = 0; i < text.size() / 2; ++i)
                (void)co_await ends.server->read_some(into);
            EXPECT_EQ(turns, 1000);
        };
        co_await (count() && drain());
    });
}

TEST(TlsStream, ShakesTwoHundredPairsOfHandsAtOnce) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const TlsContext context = context_of({our_key});
        int done = 0;
        const auto greet = [&]() -> asio::awaitable<void> {
            Ends ends = co_await streams(loop, context, context);
            const std::string hello = "hello";
            co_await write_all(*ends.client, hello);
            const std::string got = co_await read_all(*ends.server, hello.size());
            done += got == hello;
        };
        TaskGroup tasks{loop, [](auto, auto) { ADD_FAILURE(); }};
        for (int i = 0; i < 200; ++i)
            tasks.spawn("greeting", greet());
        co_await tasks.join();
        EXPECT_EQ(done, 200);
    });
}

}  // namespace
}  // namespace vrun::wire
