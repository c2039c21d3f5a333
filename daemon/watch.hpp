// SPDX-License-Identifier: Apache-2.0
// daemon/watch: the nodes as they come and go, while somebody has a reason to know.
// The sources are asked again and again whatever the TTL of an answer, connections tell who leaves.
// Without a reason nothing is asked, and the connections may go after their idle time.
#pragma once

#include "daemon/membership.hpp"
#include "discovery/file_watch.hpp"

#include <list>

namespace vrun::daemon {

// How soon a new host must be seen: somebody waits for it, or connections are kept for later.
enum class Pace : std::uint8_t { waiting, later };

class Watch {
    struct Reason;
    using Reasons = std::list<Reason>;

public:
    // Called on the loop with the whole list, once it is known and whenever it changes. It may
    // neither take nor give back a hold. Empty: connections are all that is wanted.
    using Heard = std::function<void(const Gathered&)>;

    // A reason to watch, for as long as it lives.
    class Hold {
    public:
        Hold() = default;
        Hold(Hold&& other) noexcept;
        Hold& operator=(Hold&& other) noexcept;
        ~Hold() { give_back(); }
        void give_back() noexcept;

    private:
        friend Watch;
        Hold(Watch& watch, Reasons::iterator place) : watch_{&watch}, place_{place} {}
        Watch* watch_ = nullptr;
        Reasons::iterator place_;
    };

    // `named`: these hosts and no others; one that has not answered yet is told as unreached.
    Watch(asio::any_io_executor loop, Membership& members, Peers& peers, Log& log,
          std::vector<discovery::HostEntry> named = {});

    [[nodiscard]] Hold hold(Pace pace, Heard heard);
    bool is_active() const noexcept { return !reasons_.empty(); }

    void on_peer_gone(wire::Incarnation incarnation, const std::string& reason);
    void tick();  // once a beat_interval: somebody may be suspect by now

    // Set once: the first reason is there.
    std::function<void()> on_begun = [] {};

    void stop();
    asio::awaitable<void> join();

private:
    struct Reason {
        Pace pace;
        Heard heard;
        bool has_heard = false;
    };
    struct Entry {  // one candidate, shared with its dial
        discovery::Candidate candidate;
        std::optional<Result<wire::Incarnation>> result;
        std::optional<wire::Incarnation> pinned;  // whose connection we use
        bool is_listed = true;
        bool is_dialing = false;
    };
    using EntryPointer = std::shared_ptr<Entry>;

    asio::awaitable<void> run();
    asio::awaitable<void> refresh();
    void adopt(std::vector<discovery::Candidate> candidates);
    asio::awaitable<void> dial(EntryPointer entry);
    void settle(Entry& entry, Result<wire::Incarnation> result);
    void unpin(Entry& entry);
    void let_go();
    void look_now();
    void note_change();
    asio::awaitable<void> tell();
    bool may_tell() const;
    std::chrono::milliseconds interval() const;

    Membership& members_;
    Peers& peers_;
    std::vector<discovery::HostEntry> named_;  // empty: what the sources list
    Reasons reasons_;
    std::vector<EntryPointer> entries_;  // in the order of the sources
    std::vector<std::string> problems_;
    Gathered told_;
    std::optional<Clock::time_point> looked_;  // for the first time
    bool has_told_ = false;
    bool is_running_ = false;
    bool is_telling_ = false;
    bool is_poked_ = false;
    asio::steady_timer next_, telling_;
    discovery::FileWatch files_;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
