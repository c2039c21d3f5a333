// SPDX-License-Identifier: Apache-2.0
#include "daemon/clients.hpp"

#include "process/heap.hpp"
#include "wire/base/timeout.hpp"
#include "wire/messages/end.hpp"

#include <unistd.h>
#include <algorithm>

namespace vrun::daemon {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds greeting_limit{5};
constexpr std::size_t crowd_size = 64;
constexpr std::chrono::seconds accept_pause{1};  // when no descriptor is left

bool may_use_us(const wire::Identity& who) {
    return ::geteuid() == 0 || who.uid == ::geteuid() || who.uid == 0;
}

}  // namespace

Clients::Clients(asio::any_io_executor loop, wire::Hello hello, ClientEvents& events,
                 process::Log& log)
    : loop_{loop},
      hello_{std::move(hello)},
      events_{events},
      log_{log},
      acceptor_{loop},
      tasks_{loop, [this](std::string_view name, std::exception_ptr) {
                 log_.error("clients: a task failed", {{"task", name}});
             }} {}

void Clients::listen(UniqueFd socket) {
    acceptor_.assign(asio::local::stream_protocol{}, socket.get());
    (void)socket.release();
    tasks_.spawn("accept", accept_all());
}

void Clients::adopt(UniqueFd socket) {
    start(wire::make_local_stream(loop_, std::move(socket)), wire::own_identity());
}

asio::awaitable<void> Clients::accept_all() {
    asio::steady_timer pause{loop_};
    while (acceptor_.is_open()) {
        asio::local::stream_protocol::socket socket{loop_};
        const auto [error] = co_await acceptor_.async_accept(socket, as_values);
        if (error == asio::error::operation_aborted) co_return;
        if (error) {
            log_.warning("clients: cannot accept a connection", {{"reason", error.message()}});
            pause.expires_after(accept_pause);
            co_await pause.async_wait(as_values);
            continue;
        }
        admit(std::move(socket));
    }
}

// Whom the kernel does not name is refused; that must not end the accepting.
void Clients::admit(asio::local::stream_protocol::socket socket) {
    try {
        wire::Identity who = wire::peer_of(socket.native_handle());
        start(wire::make_stream(std::move(socket)), std::move(who));
    } catch (const std::system_error& error) {
        log_.debug("clients: cannot tell who calls", {{"reason", error.what()}});
    }
}

void Clients::start(std::unique_ptr<wire::Stream> stream, wire::Identity who) {
    const auto client = std::make_shared<Client>(std::move(stream), std::move(who));
    clients_.insert(client);
    most_ = std::max(most_, clients_.size());
    tasks_.spawn("writer", write(client));
    tasks_.spawn("client", serve(client));
}

asio::awaitable<void> Clients::serve(ClientPointer client) {
    try {
        co_await converse(*client, client);
    } catch (const std::system_error& error) {
        log_.debug("clients: a conversation failed",
                   {{"uid", client->identity.uid}, {"reason", error.what()}});
    }
    client->is_gone = true;
    client->link.finish();  // a Goodbye still goes out; the writer closes
    remove(client);
    events_.on_client_gone(client);
}

// What a crowd took goes back to the kernel, which else gets nothing of it.
void Clients::remove(const ClientPointer& client) {
    clients_.erase(client);
    if (most_ < crowd_size || clients_.size() > most_ / 4) return;
    most_ = clients_.size();
    process::return_freed_memory();
}

asio::awaitable<void> Clients::converse(Client& client, const ClientPointer& shared) {
    auto greeting = wire::exchange_hello(client.link, hello_);
    (void)co_await with_timeout(std::move(greeting), greeting_limit);
    if (!may_use_us(client.identity)) {
        const std::string reason = "this daemon serves uid " + std::to_string(::geteuid()) +
                                   " only, and you are uid " + std::to_string(client.identity.uid) +
                                   "; start a vrund of your own, or one as root for everybody";
        client.link.send(wire::Goodbye{wire::exit_code::refused, reason});
        co_return;
    }
    while (std::optional<wire::Message> message = co_await client.link.receive())
        events_.on_client_message(shared, std::move(*message));
}

asio::awaitable<void> Clients::write(ClientPointer client) {
    try {
        co_await client->link.run_writer();
    } catch (const std::system_error&) {
        // The reader meets the same end.
    }
    client->link.close();
}

void Clients::beat() {
    for (const ClientPointer& client : clients_)
        if ((client->job || client->is_waiting) && !client->link.has_urgent_queued())
            client->link.send(wire::Beat{++client->beats_sent, 0});
}

void Clients::stop() {
    std::error_code ignored;
    acceptor_.close(ignored);
    for (const ClientPointer& client : clients_)
        client->link.close();
    tasks_.cancel();
}

asio::awaitable<void> Clients::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
