// SPDX-License-Identifier: Apache-2.0
// daemon/host_lists: what `vrunctl hosts` hears, once or (--watch) whenever it changes.
#pragma once

#include "daemon/clients.hpp"
#include "daemon/watch.hpp"
#include "wire/messages/hosts.hpp"

namespace vrun::daemon {

wire::HostList host_list_of(const Gathered& gathered);

class HostLists {
public:
    HostLists(asio::any_io_executor loop, Membership& members, Watch& watch, Log& log);

    void answer(const ClientPointer& client, const wire::ListHosts& request);
    void on_client_gone(const ClientPointer& client) { watching_.erase(client); }

    void stop();
    asio::awaitable<void> join();

private:
    // A client that reads slowly hears the newest list, not every one.
    struct Watching {
        Watch::Hold hold;
        std::optional<wire::HostList> heard;
        bool is_new = false;  // not sent yet
        bool is_sending = false;
    };

    asio::awaitable<void> answer_once(ClientPointer client);
    asio::awaitable<void> send_newest(ClientPointer client);
    void hear(const std::weak_ptr<Client>& client, const Gathered& gathered);

    Membership& members_;
    Watch& watch_;
    std::map<ClientPointer, Watching> watching_;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
