// SPDX-License-Identifier: Apache-2.0
#include "daemon/host_waits.hpp"

namespace vrun::daemon {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t named_max = 3;

std::string counted(std::uint64_t count, const std::string& thing) {
    return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace

HostWaits::HostWaits(asio::any_io_executor loop, Membership& members, Peers& peers, Watch& sources,
                     Log& log)
    : loop_{loop},
      members_{members},
      peers_{peers},
      sources_{sources},
      log_{log},
      tasks_{loop, [&log](std::string_view, std::exception_ptr) {
                 log.error("hosts: cannot end a watch");
             }} {}

void HostWaits::on_client_gone(const ClientPointer& client) {
    if (const auto found = waiting_.find(client); found != waiting_.end()) found->second->stop();
}

void HostWaits::on_peer_gone(wire::Incarnation incarnation, const std::string& reason) {
    for (Watch& watch : own_)
        watch.on_peer_gone(incarnation, reason);
}

void HostWaits::tick() {
    for (Watch& watch : own_)
        watch.tick();
}

Watch& HostWaits::add(std::vector<discovery::HostEntry> named) {
    Watch& watch = own_.emplace_back(loop_, members_, peers_, log_, std::move(named));
    watch.on_begun = on_begun;
    return watch;
}

// Nobody holds it any more; a dial that is under way may take some seconds.
asio::awaitable<void> HostWaits::end(Watch& watch) {
    co_await watch.join();
    own_.remove_if([&](const Watch& one) { return &one == &watch; });
}

void HostWaits::stop() {
    for (Watch& watch : own_)
        watch.stop();
}

asio::awaitable<void> HostWaits::join() {
    co_await tasks_.join();
}

HostWaits::Wait::Wait(HostWaits& waits, ClientPointer client,
                      std::vector<discovery::HostEntry> named, Clock::time_point until)
    : waits_{waits}, client_{std::move(client)}, until_{until}, changed_{waits.loop_} {
    client_->is_waiting = true;
    waits_.waiting_[client_] = this;
    if (!named.empty()) own_ = &waits.add(std::move(named));
    const auto heard = [this](const Gathered& gathered) {
        newest_ = gathered;
        has_heard_ = is_new_ = true;
        changed_.cancel();
    };
    hold_ = (own_ ? *own_ : waits.sources_).hold(Pace::waiting, heard);
}

HostWaits::Wait::~Wait() {
    waits_.waiting_.erase(client_);
    client_->is_waiting = false;
    hold_.give_back();
    if (own_) waits_.tasks_.spawn("end a watch", waits_.end(*own_));
}

asio::awaitable<Gathered> HostWaits::Wait::next() {
    while (!is_new_ && !is_stopped_ && (!has_heard_ || Clock::now() < until_)) {
        changed_.expires_at(has_heard_ ? until_ : Clock::time_point::max());
        co_await changed_.async_wait(as_values);
    }
    is_new_ = false;
    co_return newest_;
}

void HostWaits::Wait::stop() {
    is_stopped_ = true;
    changed_.cancel();
}

std::string waiting_text(const Gathered& found, std::uint64_t wanted) {
    std::uint64_t there = found.nodes.size();
    const std::string nodes = counted(there, "node");
    std::string text = "waiting for hosts: " + nodes;
    if (wanted > 0) {
        there = 0;
        for (const Node& node : found.nodes)
            there += node.slots;
        text = "waiting for " + counted(wanted, "slot") + ": " + std::to_string(there) + " on " +
               nodes;
    }
    text += there == 1 ? " is there" : " are there";
    const char* before = "; not yet: ";
    for (std::size_t i = 0; i < found.unreached.size() && i < named_max; ++i) {
        const Unreached& host = found.unreached[i];
        text += std::exchange(before, ", ") + (host.name.empty() ? host.address : host.name);
    }
    if (found.unreached.size() > named_max) text += " and others";
    if (!found.problems.empty()) text += "; " + found.problems.front();
    return text;
}

}  // namespace vrun::daemon
