// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace vrun::daemon {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds interval_waiting{1};
constexpr std::chrono::seconds interval_later{10};
constexpr std::chrono::milliseconds tell_together{50};  // a thousand dials are not a thousand lists

using Key = std::tuple<std::string, asio::ip::address, std::uint16_t>;

Key key_of(const discovery::Candidate& candidate) {
    return {candidate.name, candidate.address, candidate.port};
}

}  // namespace

Watch::Hold::Hold(Hold&& other) noexcept
    : watch_{std::exchange(other.watch_, nullptr)}, place_{other.place_} {}

Watch::Hold& Watch::Hold::operator=(Hold&& other) noexcept {
    give_back();
    watch_ = std::exchange(other.watch_, nullptr);
    place_ = other.place_;
    return *this;
}

void Watch::Hold::give_back() noexcept {
    Watch* const watch = std::exchange(watch_, nullptr);
    if (!watch) return;
    watch->reasons_.erase(place_);
    watch->next_.cancel();  // it may have been the last, or the one in a hurry
}

Watch::Watch(asio::any_io_executor loop, Membership& members, Peers& peers, Log& log,
             std::vector<discovery::HostEntry> named)
    : members_{members},
      peers_{peers},
      named_{std::move(named)},
      next_{loop},
      telling_{loop},
      files_{loop, named_.empty() ? members.files() : std::vector<std::string>{},
             [this] { look_now(); }},
      tasks_{loop, [&log](std::string_view name, std::exception_ptr) {
                 log.error("watch: a task failed", {{"task", name}});
             }} {}

Watch::Hold Watch::hold(Pace pace, Heard heard) {
    reasons_.push_back({pace, std::move(heard)});
    Hold hold{*this, std::prev(reasons_.end())};
    look_now();
    if (std::exchange(is_running_, true)) {
        note_change();
        return hold;
    }
    tasks_.spawn("watch", run());
    on_begun();
    return hold;
}

void Watch::look_now() {
    is_poked_ = true;
    next_.cancel();
}

asio::awaitable<void> Watch::run() {
    files_.start();
    while (!reasons_.empty()) {
        is_poked_ = false;
        co_await refresh();
        if (is_poked_) continue;
        next_.expires_after(interval());
        co_await next_.async_wait(as_values);
    }
    let_go();
    is_running_ = false;
}

std::chrono::milliseconds Watch::interval() const {
    const bool somebody_waits =
        std::ranges::any_of(reasons_, [](const Reason& one) { return one.pace == Pace::waiting; });
    return somebody_waits ? interval_waiting : interval_later;
}

asio::awaitable<void> Watch::refresh() {
    auto looking = named_.empty() ? members_.list() : members_.list(named_);
    Membership::Listing listing = co_await std::move(looking);
    problems_ = std::move(listing.problems);
    adopt(std::move(listing.candidates));
    for (const EntryPointer& entry : entries_) {
        if (entry->is_dialing || (entry->result && *entry->result)) continue;
        entry->is_dialing = true;
        tasks_.spawn("dial", dial(entry));
    }
    if (!looked_) looked_ = Clock::now();
    note_change();
}

// What is still listed keeps what is known of it.
void Watch::adopt(std::vector<discovery::Candidate> candidates) {
    std::map<Key, EntryPointer> known;
    for (EntryPointer& entry : entries_) {
        entry->is_listed = false;
        known.emplace(key_of(entry->candidate), std::move(entry));
    }
    entries_.clear();
    for (discovery::Candidate& candidate : candidates) {
        EntryPointer& entry = known[key_of(candidate)];
        if (entry && entry->is_listed) continue;  // listed twice
        if (!entry) entry = std::make_shared<Entry>();
        entry->is_listed = true;
        entry->candidate = std::move(candidate);
        entries_.push_back(entry);
    }
    for (const auto& [key, entry] : known)
        if (!entry->is_listed) unpin(*entry);
}

asio::awaitable<void> Watch::dial(EntryPointer entry) {
    auto result = co_await members_.connect(entry->candidate);
    entry->is_dialing = false;
    if (entry->is_listed) settle(*entry, std::move(result));
}

void Watch::settle(Entry& entry, Result<wire::Incarnation> result) {
    if (result && !members_.is_here(*result))  // gone again in the meantime
        result = Error{asio::error::connection_reset, "keep the connection to its daemon"};
    if (result && peers_.find(*result)) {
        peers_.use(*result);  // beats tell whether it lives
        entry.pinned = *result;
    }
    entry.result = std::move(result);
    if (!has_told_ && may_tell()) telling_.cancel();
    note_change();
}

void Watch::unpin(Entry& entry) {
    if (entry.pinned) peers_.release(*std::exchange(entry.pinned, std::nullopt));
}

void Watch::on_peer_gone(wire::Incarnation incarnation, const std::string& reason) {
    for (const EntryPointer& entry : entries_) {
        if (entry->pinned != incarnation) continue;
        entry->pinned.reset();
        entry->result = Error{asio::error::connection_reset,
                              "keep the connection to its daemon (" + reason + ")"};
        note_change();
    }
}

void Watch::let_go() {
    files_.stop();
    for (const EntryPointer& entry : entries_) {
        entry->is_listed = false;
        unpin(*entry);
    }
    entries_.clear();
    problems_.clear();
    told_ = {};
    looked_.reset();
    has_told_ = false;
}

void Watch::tick() {
    const auto listens = [](const Reason& one) { return one.heard != nullptr; };
    if (has_told_ && std::ranges::any_of(reasons_, listens)) note_change();
}

void Watch::note_change() {
    if (!std::exchange(is_telling_, true)) tasks_.spawn("tell", tell());
}

// A first list waits until every host has answered or failed, or had the time to.
bool Watch::may_tell() const {
    if (!looked_) return false;
    return has_told_ || Clock::now() >= *looked_ + gather_grace ||
           std::ranges::all_of(entries_, [](const auto& one) { return one->result.has_value(); });
}

asio::awaitable<void> Watch::tell() {
    telling_.expires_after(tell_together);
    co_await telling_.async_wait(as_values);
    if (looked_ && !may_tell()) {
        telling_.expires_at(*looked_ + gather_grace);
        co_await telling_.async_wait(as_values);
    }
    is_telling_ = false;
    if (!may_tell()) co_return;
    has_told_ = true;
    std::vector<discovery::Candidate> candidates;
    Membership::Results results;
    for (const EntryPointer& entry : entries_) {
        if (!entry->result && named_.empty()) continue;  // not heard of yet
        candidates.push_back(entry->candidate);
        results.push_back(entry->result);
    }
    Gathered now = members_.summary(candidates, results);
    now.problems = problems_;
    now.pending = static_cast<std::size_t>(
        std::ranges::count_if(entries_, [](const auto& one) { return !one->result; }));
    const bool is_new = now != told_;
    told_ = std::move(now);
    for (Reason& reason : reasons_) {
        const bool is_first = !std::exchange(reason.has_heard, true);
        if (reason.heard && (is_new || is_first)) reason.heard(told_);
    }
}

void Watch::stop() {
    tasks_.cancel();
    files_.stop();
}

asio::awaitable<void> Watch::join() {
    co_await tasks_.join();
    co_await files_.join();
}

}  // namespace vrun::daemon
