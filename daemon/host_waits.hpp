// SPDX-License-Identifier: Apache-2.0
// daemon/host_waits: submissions that wait for hosts (`vrun --wait`).
// Each is a reason to watch: the sources, or with a watch of its own the hosts that it names.
// A wait that is given up, by its vrun or by us, lets the watch go at once.
#pragma once

#include "daemon/clients.hpp"
#include "daemon/watch.hpp"

namespace vrun::daemon {

class HostWaits {
public:
    HostWaits(asio::any_io_executor loop, Membership& members, Peers& peers, Watch& sources,
              Log& log);

    // One submission's, for as long as it lives. HostWaits outlives it.
    class Wait {
    public:
        Wait(HostWaits& waits, ClientPointer client, std::vector<discovery::HostEntry> named,
             Clock::time_point until);
        Wait(const Wait&) = delete;
        ~Wait();

        // The newest list: the first one, however long that takes; then, waiting for it if need
        // be, one that next() has not told yet; after the deadline or stop(), the last one again.
        asio::awaitable<Gathered> next();
        bool is_over() const noexcept { return is_stopped_ || Clock::now() >= until_; }
        void stop();

    private:
        HostWaits& waits_;
        ClientPointer client_;
        Clock::time_point until_;
        Watch* own_ = nullptr;  // of named hosts
        Gathered newest_;
        bool has_heard_ = false;
        bool is_new_ = false;
        bool is_stopped_ = false;
        asio::steady_timer changed_;
        Watch::Hold hold_;
    };

    bool is_active() const noexcept { return !own_.empty(); }  // a watch of a wait's own
    void on_client_gone(const ClientPointer& client);          // stops its wait
    void on_peer_gone(wire::Incarnation incarnation, const std::string& reason);
    void tick();  // as Watch

    // Set once: a watch of a wait's own has begun.
    std::function<void()> on_begun = [] {};

    void stop();
    asio::awaitable<void> join();

private:
    Watch& add(std::vector<discovery::HostEntry> named);
    asio::awaitable<void> end(Watch& watch);

    asio::any_io_executor loop_;
    Membership& members_;
    Peers& peers_;
    Watch& sources_;
    Log& log_;
    std::map<ClientPointer, Wait*> waiting_;
    std::list<Watch> own_;  // of named hosts, until they have ended
    TaskGroup tasks_;
};

// How far a wait is, in a line: "waiting for 20 slots: 4 on 2 nodes are there; not yet: c, d".
std::string waiting_text(const Gathered& found, std::uint64_t wanted);

}  // namespace vrun::daemon
