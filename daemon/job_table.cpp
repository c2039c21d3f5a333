// SPDX-License-Identifier: Apache-2.0
#include "daemon/job_table.hpp"

#include "daemon/launch_body.hpp"
#include "wire/tree.hpp"

#include <algorithm>

namespace vrun::daemon {

std::optional<wire::NodeIndex> node_of(const std::vector<wire::JobNode>& nodes,
                                       wire::Incarnation incarnation) {
    const auto found = std::ranges::find(nodes, incarnation, &wire::JobNode::incarnation);
    if (found == nodes.end()) return std::nullopt;
    return static_cast<wire::NodeIndex>(found - nodes.begin());
}

std::optional<wire::NodeIndex> node_of(const Job& job, wire::Incarnation incarnation) {
    return node_of(job.nodes, incarnation);
}

wire::NodeLost notice_of(const Job& job, wire::NodeIndex node, const std::string& reason) {
    return {node, job.nodes[node].name, job.nodes[node].address, reason};
}

Hop next_hop(const Job& job, wire::NodeIndex to, Origin origin) {
    if (to == wire::to_controller) {
        if (job.is_controller) return {HopKind::client};
        return {HopKind::peer, job.controller};
    }
    if (to >= job.nodes.size()) return {};
    if (job.self == to) return {HopKind::shepherd};
    if (origin == Origin::client || !job.self) return {HopKind::peer, job.nodes[to].incarnation};
    return {HopKind::peer, job.nodes[wire::tree_next_hop(*job.self, to)].incarnation};
}

std::vector<wire::NodeIndex> tree_neighbours(wire::NodeIndex node, std::size_t nodes) {
    auto neighbours = wire::tree_children(node, static_cast<wire::NodeIndex>(nodes));
    if (const auto parent = wire::tree_parent(node)) neighbours.push_back(*parent);
    return neighbours;
}

Job& JobTable::add(wire::JobId id) {
    Job& job = jobs_[id];
    job.id = id;
    return job;
}

Job* JobTable::find(wire::JobId id) noexcept {
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : &found->second;
}

process::CpuSet JobTable::held_cores() const {
    process::CpuSet held;
    for (const auto& [id, job] : jobs_)
        held |= job.cores;
    return held;
}

std::vector<wire::JobId> JobTable::ids() const {
    std::vector<wire::JobId> ids;
    for (const auto& [id, job] : jobs_)
        ids.push_back(id);
    return ids;
}

std::optional<wire::Scale> JobTable::scale_of(wire::MessageType type, wire::Route route,
                                              std::span<const std::byte> start) {
    if (!wire::traits_of(type).routed) return wire::Scale{};
    if (type == wire::MessageType::launch_job) return claimed_scale(start).value_or(wire::Scale{});
    if (const Job* job = find(route.job)) return job->scale;
    if (type == wire::MessageType::end_job) return wire::Scale{};  // answered also when unknown
    return std::nullopt;
}

}  // namespace vrun::daemon
