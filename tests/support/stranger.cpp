// SPDX-License-Identifier: Apache-2.0
// Says what it must not, for tests: to a daemon as a peer that has the key, or as a local caller.
//     vrun-stranger peer KEY_FILE ADDRESS PORT ATTACK...      vrun-stranger local SOCKET ATTACK...
//     vrun-stranger certificate PORT       a TLS server that has a certificate and no key
// All attacks run at once, each on a connection of its own; one line each: "ATTACK closed" (by the
// daemon, or by us after a job or a cut) or "ATTACK open" (it still answers, or does after 60 s).
#include "daemon/launch_body.hpp"
#include "wire/base/handle.hpp"
#include "wire/base/task_group.hpp"
#include "wire/base/timeout.hpp"
#include "wire/hello.hpp"
#include "wire/job_id.hpp"
#include "wire/local_socket.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/hosts.hpp"
#include "wire/tls/tls_stream.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <asio/io_context.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace vrun::test {
namespace {

using asio::ip::tcp;
using wire::Bytes;
using wire::MessageType;

constexpr std::chrono::seconds patience{60};
constexpr std::size_t endless_bytes = 256u << 20;

struct Target {  // a peer at an endpoint, or a daemon at a unix socket
    std::optional<wire::TlsContext> tls;
    tcp::endpoint endpoint;
    std::string socket;

    bool is_local() const { return !tls; }
};

void append(Bytes& bytes, std::span<const std::byte> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
}

Bytes frame_of(MessageType type, std::span<const std::byte> body, wire::Route route = {},
               bool more = false) {
    const bool is_routed = wire::traits_of(type).routed;
    const std::size_t size = body.size() + (is_routed ? wire::route_size : 0);
    Bytes frame;
    append(frame, wire::encode(wire::Header{type, static_cast<std::uint32_t>(size), more}));
    if (is_routed) append(frame, wire::encode(route));
    append(frame, body);
    return frame;
}

// Nine bytes that claim 2^26 strings.
Bytes claim() {
    Bytes body(9);
    body[0] = std::byte{1};
    body[4] = std::byte{4};
    return body;
}

Bytes hello_of(wire::Role role) {
    wire::Hello hello;
    hello.software = wire::software_version();
    hello.role = role;
    hello.incarnation = role == wire::Role::daemon ? wire::random_id() : 0;
    hello.node_name = "\33[31mstranger\n";
    return frame_of(MessageType::hello, wire::to_bytes(hello));
}

Bytes greeting_of(const Target& target) {
    if (target.is_local()) return hello_of(wire::Role::launcher);
    Bytes greeting = hello_of(wire::Role::daemon);
    append(greeting, frame_of(MessageType::node_info,
                              wire::to_bytes(wire::NodeInfo{1, "", 1, 1, {}, "", ""})));
    return greeting;
}

asio::awaitable<std::unique_ptr<wire::Stream>> dial(Target target) {
    const auto loop = co_await asio::this_coro::executor;
    if (target.is_local()) {
        UniqueFd fd = std::move(wire::connect_local(target.socket)).value();
        co_return wire::make_local_stream(loop, std::move(fd));
    }
    tcp::socket socket{loop};
    co_await socket.async_connect(target.endpoint, asio::use_awaitable);
    co_return co_await wire::tls_connect(std::move(socket), *target.tls);
}

asio::awaitable<void> say(wire::Stream& stream, const Bytes& bytes) {
    const std::array buffers{asio::const_buffer{asio::buffer(bytes)}};
    const std::span<const asio::const_buffer> all{buffers};
    co_await stream.write(all);
}

// What an honest peer or caller would say next, and what the daemon says to that.
Bytes question_of(const Target& target) {
    if (target.is_local())
        return frame_of(MessageType::list_hosts, wire::to_bytes(wire::ListHosts{}));
    return frame_of(MessageType::beat, wire::to_bytes(wire::Beat{1, 0}));
}
MessageType answer_of(const Target& target) {
    return target.is_local() ? MessageType::host_list : MessageType::beat;
}

// True when the daemon said `answer`, false when it hung up.
asio::awaitable<bool> hears(std::unique_ptr<wire::Stream> stream, MessageType answer) {
    wire::Link link{std::move(stream)};
    std::optional<wire::Message> heard = co_await link.receive();
    while (heard && heard->type != answer)
        heard = co_await link.receive();
    link.close();
    co_return heard.has_value();
}

// A message that goes on and on; ends when the daemon hangs up.
asio::awaitable<void> say_without_end(wire::Stream& stream, MessageType type) {
    const Bytes piece = frame_of(type, Bytes(60'000), {}, /*more=*/true);
    for (std::size_t said = 0; said < endless_bytes; said += piece.size())
        co_await say(stream, piece);
}

wire::LaunchJob sleeper(wire::JobId id, wire::Incarnation controller, wire::Incarnation node) {
    wire::LaunchJob launch;
    launch.job = id;
    launch.identity = {4242, 4242, {}};
    launch.controller = controller;
    launch.nodes = {{node, "victim", "127.0.0.1", 1, 1}};
    launch.runs = {{0, 0, 1, 0}};
    launch.apps = {{{"/bin/sleep", "1000"}, 1, "/", {}}};
    launch.window = 65536;
    return launch;
}

// Starts a job as its controller, and then says the type where it does not belong.
asio::awaitable<void> abuse_a_job(std::unique_ptr<wire::Stream> stream, MessageType type) {
    const auto link = std::make_unique<wire::Link>(std::move(stream));
    TaskGroup tasks{link->executor(), [](std::string_view, std::exception_ptr) {}};
    tasks.spawn("writer", link->run_writer());
    wire::Hello ours;
    ours.role = wire::Role::daemon;
    ours.incarnation = wire::random_id();
    const wire::Hello theirs = co_await wire::exchange_hello(*link, ours);
    link->send(wire::NodeInfo{1, "", 1, 1, {}, "", ""});
    const auto job = sleeper(wire::random_id(), ours.incarnation, theirs.incarnation);
    link->send({MessageType::launch_job, {job.job, 0, wire::to_controller}, daemon::pack(job)});
    std::optional<wire::Message> heard = co_await link->receive();
    while (heard && heard->type != MessageType::job_started)
        heard = co_await link->receive();
    for (const wire::NodeIndex to : {0u, 7u, wire::to_controller})
        link->send({type, {job.job, to, wire::to_controller}, claim()});
    co_await link->flushed();
    link->close();
    co_await tasks.join();
}

MessageType type_of(std::string_view name) {
    for (const wire::MessageTraits& traits : wire::message_traits())
        if (traits.name == name) return traits.type;
    throw std::invalid_argument{"no such message: " + std::string{name}};
}

// first:TYPE instead of a Hello; then:TYPE after the greeting; endless:TYPE; steal:TYPE:JOB to
// somebody else's job; job:TYPE within a job of our own; the others as they are named.
// True when the daemon goes on talking to us.
asio::awaitable<bool> attack(Target target, std::string name) {
    auto stream = co_await dial(target);
    const std::size_t colon = name.find(':');
    const std::string kind = name.substr(0, colon);
    const std::string rest = colon == name.npos ? "" : name.substr(colon + 1);
    const MessageType type =
        rest.empty() ? MessageType::hello : type_of(rest.substr(0, rest.find(':')));
    if (kind == "job") {
        co_await abuse_a_job(std::move(stream), type);
        co_return false;
    }
    const Bytes greeting = greeting_of(target);
    if (kind != "first" && kind != "silent") co_await say(*stream, greeting);
    Bytes bytes;
    if (kind == "first" || kind == "then") bytes = frame_of(type, claim());
    if (kind == "twice") bytes = greeting;
    if (kind == "oversized") bytes = Bytes(8, std::byte{0x7f});
    if (kind == "cut") bytes = Bytes(5);
    if (kind == "steal") {
        const auto job = wire::id_of(rest.substr(rest.find(':') + 1)).value();
        const Bytes signal = wire::to_bytes(wire::Signal{SIGUSR1}),
                    end = wire::to_bytes(wire::EndJob{});
        bytes = frame_of(type, type == MessageType::signal ? signal : end, wire::Route{job, 0});
    }
    if (kind == "then" || kind == "steal") append(bytes, question_of(target));
    co_await say(*stream, bytes);
    if (kind == "endless") co_await say_without_end(*stream, type);
    if (kind == "cut") co_return false;
    const MessageType answer = answer_of(target);
    const bool is_answered = co_await hears(std::move(stream), answer);
    co_return is_answered;
}

asio::awaitable<void> report(Target target, std::string name) {
    bool is_open = false;
    try {
        auto attacking = attack(std::move(target), name);
        is_open = co_await with_timeout(std::move(attacking), patience);
    } catch (const std::system_error& error) {
        is_open = error.code() == std::errc::timed_out;
    }
    std::printf("%s %s\n", name.c_str(), is_open ? "open" : "closed");
    std::fflush(stdout);
}

int run_attacks(const Target& target, std::span<char*> names) {
    asio::io_context loop{1};
    for (const char* name : names)
        asio::co_spawn(loop, report(target, name), [](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
        });
    loop.run();
    return 0;
}

int serve_a_certificate(std::uint16_t port) {
    const Handle<SSL_CTX, SSL_CTX_free> context{::SSL_CTX_new(::TLS_method())};
    const Handle<EVP_PKEY, EVP_PKEY_free> key{::EVP_EC_gen("P-256")};
    const Handle<X509, X509_free> certificate{::X509_new()};
    ::X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    ::X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    ::X509_set_pubkey(certificate.get(), key.get());
    ::X509_sign(certificate.get(), key.get(), ::EVP_sha256());
    ::SSL_CTX_use_certificate(context.get(), certificate.get());
    ::SSL_CTX_use_PrivateKey(context.get(), key.get());
    asio::io_context loop{1};
    tcp::acceptor acceptor{loop, {tcp::v4(), port}};
    for (;;) {
        tcp::socket socket = acceptor.accept();
        const Handle<SSL, SSL_free> ssl{::SSL_new(context.get())};
        ::SSL_set_fd(ssl.get(), socket.native_handle());
        const bool is_good = ::SSL_accept(ssl.get()) > 0;
        std::printf("handshake %s\n", is_good ? "finished" : "refused");
        std::fflush(stdout);
    }
}

int run(std::span<char*> words) {
    const std::string mode = words.size() > 1 ? words[1] : "";
    const auto port_of = [](const char* word) {
        return static_cast<std::uint16_t>(std::atoi(word));
    };
    if (mode == "certificate" && words.size() == 3) return serve_a_certificate(port_of(words[2]));
    if (mode == "local" && words.size() > 3)
        return run_attacks({{}, {}, words[2]}, words.subspan(3));
    if (mode != "peer" || words.size() < 6) return 2;
    const auto keys = wire::read_key_file(words[2]).value();
    const tcp::endpoint endpoint{asio::ip::make_address(words[3]), port_of(words[4])};
    return run_attacks({wire::TlsContext{keys}, endpoint, ""}, words.subspan(5));
}

}  // namespace
}  // namespace vrun::test

int main(int argc, char** argv) {
    vrun::wire::ignore_sigpipe();
    return vrun::test::run({argv, static_cast<std::size_t>(argc)});
}
