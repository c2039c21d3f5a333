// SPDX-License-Identifier: Apache-2.0
#include "daemon/host_lists.hpp"

#include "wire/base/reject.hpp"

namespace vrun::daemon {
namespace {

wire::HostEntry entry_of(const Node& node) {
    const auto state = node.is_suspect ? wire::HostState::suspect : wire::HostState::up;
    return {node.name, node.address, node.port, node.slots, node.slots_source, state, ""};
}

wire::HostEntry entry_of(const Unreached& host) {
    return {host.name, host.address, host.port, 0, "", wire::HostState::down, host.error.message()};
}

}  // namespace

wire::HostList host_list_of(const Gathered& gathered) {
    wire::HostList list;
    for (const Node& node : gathered.nodes)
        list.hosts.push_back(entry_of(node));
    for (const Unreached& host : gathered.unreached)
        list.hosts.push_back(entry_of(host));
    list.problems = gathered.problems;
    return list;
}

HostLists::HostLists(asio::any_io_executor loop, Membership& members, Watch& watch, Log& log)
    : members_{members}, watch_{watch}, tasks_{loop, [&log](std::string_view, std::exception_ptr) {
                                                   log.error("hosts: cannot list them");
                                               }} {}

void HostLists::answer(const ClientPointer& client, const wire::ListHosts& request) {
    if (!request.watch) return tasks_.spawn("list hosts", answer_once(client));
    if (watching_.contains(client)) reject("watch the hosts twice on one connection");
    const auto heard = [this, weak = std::weak_ptr{client}](const Gathered& gathered) {
        hear(weak, gathered);
    };
    watching_[client].hold = watch_.hold(Pace::waiting, heard);
}

void HostLists::hear(const std::weak_ptr<Client>& client, const Gathered& gathered) {
    const ClientPointer reader = client.lock();
    const auto found = reader ? watching_.find(reader) : watching_.end();
    if (found == watching_.end()) return;
    wire::HostList list = host_list_of(gathered);
    if (found->second.heard == list) return;  // what changed is not for people
    found->second.heard = std::move(list);
    found->second.is_new = true;
    if (!std::exchange(found->second.is_sending, true))
        tasks_.spawn("send hosts", send_newest(reader));
}

asio::awaitable<void> HostLists::send_newest(ClientPointer client) {
    for (;;) {
        const auto found = watching_.find(client);
        if (found == watching_.end()) co_return;
        Watching& watching = found->second;
        if (!std::exchange(watching.is_new, false)) {
            watching.is_sending = false;
            co_return;
        }
        client->link.send(*watching.heard);
        co_await client->link.flushed();
    }
}

asio::awaitable<void> HostLists::answer_once(ClientPointer client) {
    const Gathered found = co_await members_.gather(0);
    client->link.send(host_list_of(found));
}

void HostLists::stop() {
    tasks_.cancel();
    watching_.clear();
}

asio::awaitable<void> HostLists::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
