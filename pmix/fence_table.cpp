// SPDX-License-Identifier: Apache-2.0
#include "pmix/fence_table.hpp"

#include "wire/tree.hpp"

#include <algorithm>

namespace vrun::pmix {
namespace {

bool takes_part(const std::vector<NodeIndex>& nodes, NodeIndex node) {
    return nodes.empty() || std::ranges::binary_search(nodes, node);
}

bool valid_nodes(const std::vector<NodeIndex>& nodes, std::size_t count) {
    const bool ascending =
        std::ranges::adjacent_find(nodes, std::ranges::greater_equal{}) == nodes.end();
    return ascending && (nodes.empty() || nodes.back() < count);
}

void require(bool honest) {
    if (!honest) wire::refuse(wire::BodyErrc::bad_value);
}

}  // namespace

FenceArrival FenceTable::arrive(const FenceMembers& members, Bytes blob) {
    require(valid_nodes(members.nodes, nodes_) && takes_part(members.nodes, self_));
    FenceArrival arrival{{members.hash, arrivals_[members.hash]++}, {}};
    const auto at = learn(arrival.key, members.nodes);
    Record& record = at->second;
    record.waiting_here = true;
    record.blob.insert(record.blob.end(), blob.begin(), blob.end());
    part_in(at, self_, arrival.actions);
    return arrival;
}

FenceActions FenceTable::contribution(NodeIndex child, wire::FenceContribution contribution) {
    FenceActions actions;
    require(child < nodes_ && wire::tree_parent(child) == self_);
    require(valid_nodes(contribution.nodes, nodes_));
    if (lost_.contains(child)) return actions;  // it was still under way
    const auto at = learn(contribution.key, contribution.nodes);
    Record& record = at->second;
    if (!record.awaited.contains(child)) {  // said for ranks that were gone by then
        require(!has_members_below(record, child));
        return actions;
    }
    const Bytes& blob = contribution.blob;
    record.blob.insert(record.blob.end(), blob.begin(), blob.end());
    if (contribution.status != status::success && !record.ended) record.ended = contribution.status;
    part_in(at, child, actions);
    return actions;
}

FenceActions FenceTable::result(wire::FenceResult result) {
    FenceActions actions;
    require(self_ != 0);
    const auto at = records_.try_emplace(result.key).first;
    Record& record = at->second;
    const bool failed = result.status != status::success;
    require(!record.result_in && !record.is_top && (failed || record.sent_up));
    record.result_in = true;
    if (!record.ended) record.ended = result.status;
    end(at, std::move(result.blob), actions);
    return actions;
}

FenceActions FenceTable::time_out(const wire::FenceKey& key) {
    FenceActions actions;
    const auto at = records_.find(key);
    if (at == records_.end() || at->second.ended) return actions;
    Record& record = at->second;
    if (!record.sent_up) {
        record.ended = status::timeout;
        end(at, {}, actions);
    } else if (std::exchange(record.waiting_here, false)) {
        // The others may still succeed: what comes from the parent is passed on to the children.
        actions.ended.push_back({{key, status::timeout, {}}, {}, /*here=*/true});
    }
    return actions;
}

FenceActions FenceTable::node_lost(NodeIndex node) {
    FenceActions actions;
    if (node == self_ || !lost_.insert(node).second) return actions;
    for (auto& [key, record] : records_)
        if (record.known) cut(record, node);
    end_all_ended(actions);
    return actions;
}

FenceActions FenceTable::fail_all(int status) {
    FenceActions actions;
    failed_ = status;
    for (auto& [key, record] : records_)
        if (!record.ended) record.ended = status;
    end_all_ended(actions);
    return actions;
}

FenceActions FenceTable::excuse(NodeIndex node) {
    FenceActions actions;
    excused_.insert(node);
    for (auto at = records_.begin(); at != records_.end();) {
        const auto next = std::next(at);
        Record& record = at->second;
        const bool was_waiting = !record.awaited.empty();
        if (record.known) leave_out_excused(record);
        if (was_waiting && record.awaited.empty()) settle(at, actions);
        at = next;
    }
    return actions;
}

// The record of a fence, now that we know who takes part.
FenceTable::Records::iterator FenceTable::learn(const wire::FenceKey& key,
                                                const std::vector<NodeIndex>& nodes) {
    const auto at = records_.try_emplace(key).first;
    Record& record = at->second;
    if (record.known) {
        require(record.nodes == nodes);
        return at;
    }
    record.known = true;
    record.nodes = nodes;
    find_awaited(record);
    for (const NodeIndex node : lost_)
        cut(record, node);
    leave_out_excused(record);
    if (failed_ && !record.ended) record.ended = failed_;
    return at;
}

void FenceTable::find_awaited(Record& record) const {
    const auto parent = wire::tree_parent(self_);
    bool any_outside = false;
    const auto add = [&](NodeIndex node) {
        const NodeIndex hop = node == self_ ? self_ : wire::tree_next_hop(self_, node);
        any_outside = any_outside || hop == parent;
        if (hop != parent) record.awaited.insert(hop);
    };
    std::ranges::for_each(record.nodes, add);
    if (record.nodes.empty()) {
        add(0);
        add(self_);
        std::ranges::for_each(wire::tree_children(self_, static_cast<NodeIndex>(nodes_)), add);
    }
    record.is_top = !any_outside;
    std::ranges::remove_copy(record.awaited, std::back_inserter(record.owed), self_);
}

// A lost node neither sends nor receives. Whose part was in already does no harm by going.
void FenceTable::cut(Record& record, NodeIndex lost) const {
    bool harmed = record.awaited.erase(lost) > 0;
    std::erase(record.owed, lost);
    if (wire::tree_parent(self_) == lost && !record.is_top)
        harmed = !std::exchange(record.result_in, true) || harmed;
    if (lost != self_ && record.awaited.contains(wire::tree_next_hop(self_, lost)))
        harmed = takes_part(record.nodes, lost) || harmed;
    if (harmed && !record.ended) record.ended = status::lost_connection;
}

bool FenceTable::has_members_below(const Record& record, NodeIndex hop) const {
    const auto is_member = [&](NodeIndex node) {
        return takes_part(record.nodes, node) && !excused_.contains(node);
    };
    if (hop == self_) return is_member(self_);
    return std::ranges::any_of(wire::tree_subtree(hop, static_cast<NodeIndex>(nodes_)), is_member);
}

// A child that is left out may never have heard of the fence: it is owed no result.
void FenceTable::leave_out_excused(Record& record) const {
    if (excused_.empty()) return;
    std::erase_if(record.awaited, [&](NodeIndex hop) {
        if (has_members_below(record, hop)) return false;
        std::erase(record.owed, hop);
        return true;
    });
}

void FenceTable::part_in(Records::iterator at, NodeIndex from, FenceActions& actions) {
    at->second.awaited.erase(from);
    settle(at, actions);
}

// Whether all parts are in, or it has ended, and what follows from that.
void FenceTable::settle(Records::iterator at, FenceActions& actions) {
    Record& record = at->second;
    if (record.ended) return end(at, {}, actions);
    if (!record.awaited.empty()) return;
    Bytes blob = std::exchange(record.blob, {});
    if (record.is_top) {
        record.ended = status::success;
        return end(at, std::move(blob), actions);
    }
    record.sent_up = true;
    actions.up.push_back({at->first, record.nodes, status::success, std::move(blob)});
}

// Tells everyone who is known to wait what record.ended says, and forgets the fence once nobody
// can speak of it any more. To be called again whenever something comes for an ended fence.
void FenceTable::end(Records::iterator at, Bytes blob, FenceActions& actions) {
    Record& record = at->second;
    record.blob.clear();
    if (!record.known) return;
    if (!record.is_top && !std::exchange(record.sent_up, true))
        actions.up.push_back({at->first, record.nodes, *record.ended, {}});
    FenceEnd end{{at->first, *record.ended, std::move(blob)},
                 std::exchange(record.owed, {}),
                 std::exchange(record.waiting_here, false)};
    if (end.here || !end.children.empty()) actions.ended.push_back(std::move(end));
    if (record.awaited.empty() && (record.is_top || record.result_in)) records_.erase(at);
}

void FenceTable::end_all_ended(FenceActions& actions) {
    for (auto at = records_.begin(); at != records_.end();) {
        const auto next = std::next(at);
        if (at->second.ended) end(at, {}, actions);
        at = next;
    }
}

}  // namespace vrun::pmix
