// SPDX-License-Identifier: Apache-2.0
#include "daemon/topologies.hpp"

#include <algorithm>

namespace vrun::daemon {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

// A question is small; who knows more kinds of machines gets some texts again.
constexpr std::size_t known_max = 64;

std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 14'695'981'039'346'656'037u;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
    return hash;
}

Error error_of(std::errc code) {
    return {std::make_error_code(code), "ask a node for its topology"};
}

}  // namespace

Topologies::Topologies(asio::any_io_executor loop, wire::Incarnation self, Peers& peers,
                       Topology& own)
    : loop_{loop}, self_{self}, peers_{peers}, own_{own} {}

void Topologies::ask(wire::Incarnation node) {
    auto& place = answers_[node];
    Peer* peer = peers_.find(node);
    if (node == self_) {
        const process::Machine* const machine = own_.machine();
        place = error_of(std::errc::bad_message);
        if (machine) place = machine->restricted(process::allowed_cpus());
    } else if (!peer) {
        place = error_of(std::errc::host_unreachable);
    } else {
        place.reset();
        wire::GetTopology question;
        for (const auto& [hash, machine] : by_hash_)
            if (question.known.size() < known_max) question.known.push_back(hash);
        peer->link.send(question);
    }
}

bool Topologies::is_waiting_for(const std::vector<wire::Incarnation>& nodes) const {
    return std::ranges::any_of(nodes, [this](wire::Incarnation node) {
        const auto found = answers_.find(node);
        return found != answers_.end() && !found->second;
    });
}

asio::awaitable<Result<std::vector<process::Machine>>> Topologies::of(
    std::vector<wire::Incarnation> nodes) {
    for (const wire::Incarnation node : nodes)
        ask(node);
    asio::steady_timer changed{loop_};
    const auto place = waiting_.insert(waiting_.end(), &changed);
    const Clock::time_point limit = Clock::now() + topology_limit;
    while (is_waiting_for(nodes) && Clock::now() < limit) {
        changed.expires_at(limit);
        co_await changed.async_wait(as_values);
    }
    waiting_.erase(place);
    std::vector<process::Machine> machines;
    for (const wire::Incarnation node : nodes) {
        const auto& answer = answers_[node];
        if (!answer) co_return error_of(std::errc::timed_out);
        if (!*answer) co_return answer->error();
        machines.push_back(**answer);
    }
    co_return machines;
}

void Topologies::wake() {
    for (asio::steady_timer* const timer : waiting_)
        timer->cancel();
}

void Topologies::answer(Peer& peer, const wire::GetTopology& question) {
    std::string xml = own_.text();
    const std::uint64_t hash = hash_of(xml);
    if (std::ranges::find(question.known, hash) != question.known.end()) xml.clear();
    peer.link.send(wire::Topology{hash, std::move(xml), process::allowed_cpus().text()});
}

void Topologies::on_peer_message(Peer& peer, const wire::Message& message) {
    if (message.type == wire::MessageType::get_topology)
        return answer(peer, wire::body_of<wire::GetTopology>(message));
    const auto topology = wire::body_of<wire::Topology>(message);
    const auto asked = answers_.find(peer.hello.incarnation);
    if (asked == answers_.end()) return;
    const auto cpus = process::CpuSet::of_text(topology.cpus);
    if (!topology.xml.empty() && hash_of(topology.xml) == topology.hash) {
        auto machine = process::Machine::of_xml(topology.xml);
        if (machine) by_hash_.insert_or_assign(topology.hash, std::move(*machine));
    }
    const auto known = by_hash_.find(topology.hash);
    if (!cpus || cpus->empty() || known == by_hash_.end())
        asked->second = error_of(std::errc::bad_message);
    else
        asked->second = known->second.restricted(*cpus);
    wake();
}

void Topologies::on_peer_gone(wire::Incarnation peer) {
    const auto asked = answers_.find(peer);
    if (asked == answers_.end()) return;
    asked->second = error_of(std::errc::host_unreachable);
    if (waiting_.empty()) answers_.erase(asked);
    wake();
}

}  // namespace vrun::daemon
