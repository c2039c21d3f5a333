// SPDX-License-Identifier: Apache-2.0
#include "daemon/membership.hpp"

#include "daemon/network.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_set>
#include <utility>

namespace vrun::daemon {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view leading_number(std::string_view text) {
    const auto end = std::ranges::find_if_not(text, is_digit);
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

std::string_view without_zeros(std::string_view number) {
    const std::size_t first = number.find_first_not_of('0');
    return first == number.npos ? number.substr(number.size()) : number.substr(first);
}

// Other addresses of 127.0.0.0/8 may be daemons that pretend to be hosts of their own.
bool is_usual_loopback(const asio::ip::address& address) {
    return address == asio::ip::address_v4::loopback() ||
           address == asio::ip::address_v6::loopback();
}

std::uint64_t slots_in(const Gathered& gathered) {
    std::uint64_t slots = 0;
    for (const Node& node : gathered.nodes)
        slots += node.slots;
    return slots;
}

Unreached unreached(const discovery::Candidate& candidate, Error error) {
    return {candidate.name, candidate.address.to_string(), candidate.port, std::move(error)};
}

// It answered, and was gone before we came to count it.
Unreached lost(const discovery::Candidate& candidate) {
    const std::string doing = "keep the connection to the daemon at " +
                              candidate.address.to_string() + ":" + std::to_string(candidate.port);
    return unreached(candidate, {asio::error::connection_reset, doing});
}

Node node_of(wire::Incarnation incarnation, const std::string& name, const std::string& address,
             const wire::NodeInfo& info) {
    Node node{incarnation, name, address, info.port, info.slots, info.slots_source};
    node.machine = info.machine;
    node.cpus = info.cpus;
    return node;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) noexcept {
    while (!a.empty() && !b.empty()) {
        const std::string_view digits_a = leading_number(a), digits_b = leading_number(b);
        if (digits_a.empty() || digits_b.empty()) {
            if (a.front() != b.front()) return a.front() < b.front();
            a.remove_prefix(1);
            b.remove_prefix(1);
            continue;
        }
        const std::string_view number_a = without_zeros(digits_a),
                               number_b = without_zeros(digits_b);
        if (number_a.size() != number_b.size()) return number_a.size() < number_b.size();
        if (number_a != number_b) return number_a < number_b;
        if (digits_a.size() != digits_b.size()) return digits_a.size() < digits_b.size();
        a.remove_prefix(digits_a.size());
        b.remove_prefix(digits_b.size());
    }
    return a.size() < b.size();
}

// Shared with the dials: a gathering that has enough leaves while slow ones go on.
struct Membership::Round {
    explicit Round(asio::any_io_executor loop) : changed{loop} {}

    std::vector<discovery::Candidate> candidates;
    Results results;
    std::size_t pending = 0;
    asio::steady_timer changed;

    // "3 of 5 hosts have answered; not yet: 10.0.0.4, 10.0.0.7"
    std::string progress() const {
        std::string text = std::to_string(results.size() - pending) + " of " +
                           std::to_string(results.size()) + " hosts have answered";
        const char* before = "; not yet: ";
        std::size_t named = 0;
        for (std::size_t i = 0; i < results.size() && named < named_max; ++i) {
            if (results[i]) continue;
            const discovery::Candidate& one = candidates[i];
            text += std::exchange(before, ", ") +
                    (one.name.empty() ? one.address.to_string() : one.name);
            ++named;
        }
        return pending > named ? text + " and others" : text;
    }
    static constexpr std::size_t named_max = 3;
};

Membership::Membership(asio::any_io_executor loop, Peers& peers, Self self,
                       std::vector<discovery::Source> sources)
    : loop_{loop},
      peers_{peers},
      self_{std::move(self)},
      sources_{std::move(sources)},
      lookup_{loop},
      tasks_{loop, [](std::string_view, std::exception_ptr) {}} {}

asio::awaitable<Gathered> Membership::gather(std::uint64_t wanted, OnProgress on_progress) {
    if (on_progress) on_progress("looking up which hosts there are");
    Listing listing = co_await list();
    Gathered gathered =
        co_await reach(std::move(listing.candidates), wanted, std::move(on_progress));
    gathered.problems = std::move(listing.problems);
    co_return gathered;
}

asio::awaitable<Gathered> Membership::gather(std::vector<discovery::HostEntry> hosts,
                                             std::uint64_t wanted, OnProgress on_progress) {
    Listing listing = co_await list(std::move(hosts), on_progress);
    Gathered gathered =
        co_await reach(std::move(listing.candidates), wanted, std::move(on_progress));
    gathered.problems = std::move(listing.problems);
    co_return gathered;
}

asio::awaitable<Membership::Listing> Membership::list(std::vector<discovery::HostEntry> named,
                                                      OnProgress on_progress) {
    std::vector<discovery::Candidate> as_ours;  // each, if it is this node
    std::vector<discovery::HostEntry> others;
    for (const discovery::HostEntry& host : named) {
        as_ours.push_back({host.name, {}, host.port, host.slots, host.port != 0});
        if (!is_self(as_ours.back())) others.push_back(host);
    }
    const auto on_ask = [&](const std::string& name) {
        if (on_progress) on_progress("looking up " + name);
    };
    auto looking = lookup_.candidates_of_each(std::move(others), "host list", on_ask);
    auto found = co_await std::move(looking);
    Listing listing;
    auto next = found.begin();
    for (discovery::Candidate& ourselves : as_ours) {
        if (is_self(ourselves))
            listing.candidates.push_back(std::move(ourselves));
        else if (const auto& one = *next++; one)
            std::ranges::copy(*one, std::back_inserter(listing.candidates));
        else
            listing.problems.push_back(one.error().message());
    }
    co_return listing;
}

asio::awaitable<Membership::Listing> Membership::list() {
    Listing listing;
    if (sources_.empty()) listing.candidates.push_back({self_.name, {}, 0, 0});
    for (const discovery::Source& source : sources_) {
        auto found = co_await lookup_.candidates(source);
        if (found)
            last_good_[source.text] = std::move(*found);
        else
            listing.problems.push_back(found.error().message());
        const auto& good = last_good_[source.text];
        listing.candidates.insert(listing.candidates.end(), good.begin(), good.end());
    }
    co_return listing;
}

std::vector<std::string> Membership::files() const {
    std::vector<std::string> paths;
    for (const discovery::Source& source : sources_)
        if (source.kind == discovery::Source::Kind::file) paths.push_back(source.name);
    return paths;
}

asio::awaitable<Result<wire::Incarnation>> Membership::connect(discovery::Candidate candidate) {
    if (is_self(candidate)) co_return self_.incarnation;
    if (!self_.has_network)
        co_return Error{std::make_error_code(std::errc::network_down),
                        "this daemon has no cluster key and serves this host only; make one "
                        "with `vrunctl keygen`, give it to every vrund with --key-file"};
    const Endpoint endpoint{candidate.address, candidate.port};
    co_return co_await peers_.connect(endpoint);
}

bool Membership::is_here(wire::Incarnation incarnation) const {
    return incarnation == self_.incarnation || peers_.find(incarnation);
}

asio::awaitable<std::vector<std::string>> Membership::look_up() {
    Listing listing = co_await list();
    co_return std::move(listing.problems);
}

asio::awaitable<std::string> Membership::problem_of_own_name(std::string name) {
    if (name.empty()) co_return "it has no name";
    const Result<discovery::Addresses> found = co_await lookup_.resolve_host(name);
    if (!found) co_return found.error().message();
    const std::vector<Interface> own = own_interfaces();
    std::string others;
    for (const asio::ip::address& address : *found) {
        const std::string text = address.to_string();
        if (address.is_loopback() || std::ranges::count(own, text, &Interface::address) > 0)
            co_return "";
        others += " " + text;
    }
    co_return name + " leads to" + others + ", which is not here";
}

// By name, unless the port is another daemon's; or by an address of this machine when no other
// daemon can be meant: one without a network is the only one that it knows.
bool Membership::is_self(const discovery::Candidate& candidate) const {
    const bool is_own_name = candidate.name == self_.name || candidate.name == "localhost";
    const bool may_be_another = self_.has_network && candidate.has_port;
    if (is_own_name && (!may_be_another || candidate.port == self_.info().port)) return true;
    std::error_code not_an_address;
    const auto named = asio::ip::make_address(candidate.name, not_an_address);
    if (!not_an_address && candidate.port == 0 && is_usual_loopback(named)) return true;
    if (self_.has_network || candidate.address.is_unspecified()) return false;
    const std::string address = candidate.address.to_string();
    return std::ranges::count(own_interfaces(), address, &Interface::address) > 0;
}

Node Membership::own_node() const {
    return node_of(self_.incarnation, self_.name, "", self_.info());
}

asio::awaitable<void> Membership::dial(std::shared_ptr<Round> round, std::size_t index) {
    round->results[index] = co_await connect(round->candidates[index]);
    --round->pending;
    round->changed.cancel();
}

std::optional<Node> Membership::node_at(const discovery::Candidate& candidate,
                                        wire::Incarnation incarnation) {
    Node node = own_node();
    if (incarnation != self_.incarnation) {
        const Peer* peer = peers_.find(incarnation);
        if (!peer) return std::nullopt;
        node = node_of(incarnation, peer->hello.node_name, peer->remote.address().to_string(),
                       peer->info);
        node.is_suspect = peer->uses > 0 && peer->silence.length(Clock::now()) >= suspect_after;
    }
    if (candidate.slots > 0) {
        node.slots = candidate.slots;
        node.slots_source = "host list";
    }
    node.is_listed = !candidate.name.empty();
    if (node.is_listed) node.listed_names.push_back(candidate.name);
    return node;
}

// Listed ones as listed; what DNS says has no order, so: ourselves, then by name.
void Membership::order(std::vector<Node>& nodes) const {
    const auto before = [this](const Node& a, const Node& b) {
        if (a.is_listed != b.is_listed) return a.is_listed;
        if (a.is_listed) return false;
        const bool a_is_self = a.incarnation == self_.incarnation;
        const bool b_is_self = b.incarnation == self_.incarnation;
        if (a_is_self != b_is_self) return a_is_self;
        return natural_less(a.name, b.name);
    };
    std::ranges::stable_sort(nodes, before);
}

asio::awaitable<Gathered> Membership::reach(std::vector<discovery::Candidate> candidates,
                                            std::uint64_t wanted, OnProgress on_progress) {
    const auto round = std::make_shared<Round>(loop_);
    round->candidates = std::move(candidates);
    round->results.resize(round->candidates.size());
    round->pending = round->candidates.size();
    for (std::size_t i = 0; i < round->candidates.size(); ++i)
        tasks_.spawn("dial", dial(round, i));
    const Clock::time_point grace = Clock::now() + gather_grace;
    while (round->pending > 0) {
        const bool is_late = Clock::now() >= grace;
        if (is_late && wanted > 0 && slots_in(summary(round->candidates, round->results)) >= wanted)
            break;
        if (on_progress) on_progress(round->progress());
        round->changed.expires_at(is_late ? Clock::time_point::max() : grace);
        co_await round->changed.async_wait(as_values);
    }
    co_return summary(round->candidates, round->results);
}

// One node may answer at several addresses, and one name may have several: the first that answers
// counts, and a name is unreached only when none did. One name at two ports is two daemons.
Gathered Membership::summary(const std::vector<discovery::Candidate>& candidates,
                             const Results& results) {
    const Error silent{std::make_error_code(std::errc::timed_out), "connect to the daemon there"};
    Gathered gathered;
    std::unordered_set<wire::Incarnation> seen;
    std::set<std::pair<std::string_view, std::uint16_t>> reached;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& result = results[i];
        if (!result || !*result) continue;
        reached.insert({candidates[i].name, candidates[i].port});
        if (!seen.insert(**result).second) {
            const auto same = std::ranges::find(gathered.nodes, **result, &Node::incarnation);
            if (same != gathered.nodes.end()) same->listed_names.push_back(candidates[i].name);
            continue;
        }
        if (auto node = node_at(candidates[i], **result))
            gathered.nodes.push_back(std::move(*node));
        else
            gathered.unreached.push_back(lost(candidates[i]));
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const discovery::Candidate& candidate = candidates[i];
        const auto& result = results[i];
        if (result && *result) continue;
        if (!candidate.name.empty() && reached.contains({candidate.name, candidate.port})) continue;
        gathered.unreached.push_back(unreached(candidate, result ? result->error() : silent));
    }
    order(gathered.nodes);
    return gathered;
}

asio::awaitable<void> Membership::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
