// SPDX-License-Identifier: Apache-2.0
// daemon/clients: the vruns and vrunctls on this node, at the unix socket.
// The kernel says who they are. A root daemon serves everybody; any other serves its own user and
// root. A client's open socket is its liveness: it owes no beat, so Ctrl-Z harms nothing.
#pragma once

#include "process/log.hpp"
#include "wire/base/task_group.hpp"
#include "wire/hello.hpp"
#include "wire/identity.hpp"
#include "wire/speech.hpp"

#include <asio/local/stream_protocol.hpp>
#include <memory>
#include <optional>
#include <set>

namespace vrun::daemon {

struct Client {
    Client(std::unique_ptr<wire::Stream> stream, wire::Identity who)
        : link{std::move(stream), wire::said_by(wire::Role::launcher, wire::no_scale)},
          identity{std::move(who)} {}

    wire::Link link;
    wire::Identity identity;
    std::optional<wire::JobId> job;  // the one it submitted, once accepted
    bool has_submitted = false;
    bool is_waiting = false;  // for hosts
    bool is_gone = false;
    std::uint64_t beats_sent = 0;
};
using ClientPointer = std::shared_ptr<Client>;  // its reader's, and of whoever works for it

// Called on the loop. A std::system_error thrown out of on_client_message (a bad body) ends that
// client and nothing else.
class ClientEvents {
public:
    virtual ~ClientEvents() = default;
    virtual void on_client_message(const ClientPointer& client, wire::Message message) = 0;
    virtual void on_client_gone(const ClientPointer& client) = 0;
};

class Clients {
public:
    Clients(asio::any_io_executor loop, wire::Hello hello, ClientEvents& events, process::Log& log);

    void listen(UniqueFd socket);  // from wire::listen_local()
    void adopt(UniqueFd socket);   // a private daemon's only client

    // To every client that waits for a job or for hosts, so that it notices a stopped daemon.
    void beat();
    std::size_t count() const noexcept { return clients_.size(); }

    void stop();
    asio::awaitable<void> join();

private:
    asio::awaitable<void> accept_all();
    void admit(asio::local::stream_protocol::socket socket);
    asio::awaitable<void> serve(ClientPointer client);
    asio::awaitable<void> converse(Client& client, const ClientPointer& shared);
    asio::awaitable<void> write(ClientPointer client);
    void start(std::unique_ptr<wire::Stream> stream, wire::Identity who);
    void remove(const ClientPointer& client);

    asio::any_io_executor loop_;
    wire::Hello hello_;
    ClientEvents& events_;
    process::Log& log_;
    asio::local::stream_protocol::acceptor acceptor_;
    std::set<ClientPointer> clients_;
    std::size_t most_ = 0;  // of them at once, since memory was given back
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
