// SPDX-License-Identifier: Apache-2.0
#include "daemon/rank_cores.hpp"

#include "wire/job_map.hpp"

#include <algorithm>

namespace vrun::daemon {
namespace {

using process::CpuSet, process::Machine;
using wire::BindTo, wire::MapBy;

LocalPart part_of(const wire::LaunchJob& launch, wire::NodeIndex node, bool cores_are_shared) {
    LocalPart part;
    part.ranks_of_app.resize(launch.apps.size());
    for (const wire::RankRun& run : launch.runs)
        if (run.node == node) part.ranks_of_app[run.app] += run.count;
    part.around = {.ranks = wire::rank_count(launch.runs),
                   .oversubscribed = launch.oversubscribed,
                   .cores_are_shared = cores_are_shared || launch.shares_cores};
    if (launch.rank_cpus.empty()) return part;
    for (const wire::Rank rank : wire::ranks_on(launch.runs, node))
        part.rank_cpus.push_back(rank < launch.rank_cpus.size() ? launch.rank_cpus[rank] : "*");
    return part;
}

bool binds(const std::vector<CpuSet>& sets) {
    return std::ranges::any_of(sets, [](const CpuSet& set) { return !set.empty(); });
}

// CPUs that the user named are the user's affair, whoever else is on them.
bool are_named(const wire::LaunchJob& launch) {
    const wire::Placement& policy = launch.placement;
    return !launch.rank_cpus.empty() || policy.bind.to == BindTo::cpu_list ||
           policy.bind.to == BindTo::each_own || policy.map.by == MapBy::cpu_list;
}

// The last processors of its set that its job does not hold yet: core after core is given out from
// the first, so that these stay free the longest.
CpuSet held_by(const Machine& machine, const CpuSet& set, const CpuSet& held, const Meaning& what) {
    CpuSet more;
    std::uint32_t left = what.cpus_per_rank;
    const auto units = machine.units(what.hwthreads);
    for (auto unit = units.rbegin(); unit != units.rend() && left > 0; ++unit) {
        if (!set.intersects(*unit) || held.intersects(*unit)) continue;
        more |= *unit & set;
        --left;
    }
    return more;
}

CpuSet held_by_all(const Machine& machine, const std::vector<CpuSet>& ranks, const Meaning& what) {
    CpuSet held;
    for (const CpuSet& set : ranks)
        held |= held_by(machine, set, held, what);
    return held;
}

std::string no_room(const Machine& free, std::size_t ranks) {
    const std::size_t cores = free.units(/*hwthreads=*/false).size();
    return "other jobs leave " + std::to_string(cores) + " free core" + (cores == 1 ? "" : "s") +
           " for " + std::to_string(ranks) + " rank" + (ranks == 1 ? "" : "s") + " here, so " +
           (ranks == 1 ? "it is" : "they are") + " not bound";
}

}  // namespace

CorePlan plan_cores(const Machine& machine, const CpuSet& taken, const wire::LaunchJob& launch,
                    wire::NodeIndex node, bool cores_are_shared) {
    const LocalPart part = part_of(launch, node, cores_are_shared);
    const Meaning meaning = meaning_of(launch.placement, machine, part.around);
    Bindings alone = local_bindings(machine, launch.placement, part);
    if (auto* problem = std::get_if<std::string>(&alone)) return {{}, {}, "", std::move(*problem)};
    auto& sets = std::get<std::vector<CpuSet>>(alone);
    if (!binds(sets)) return {};
    if (taken.empty() || are_named(launch)) {
        CpuSet held = held_by_all(machine, sets, meaning);
        return {std::move(sets), std::move(held), "", ""};
    }
    const Machine free = machine.restricted(machine.cpus() - taken);
    Bindings beside = local_bindings(free, launch.placement, part);
    auto* free_sets = std::get_if<std::vector<CpuSet>>(&beside);
    if (!free_sets || !binds(*free_sets)) {
        if (!meaning.bind_is_wish) return {};
        return {{}, {}, no_room(free, sets.size()), ""};
    }
    CpuSet held = held_by_all(free, *free_sets, meaning);
    return {std::move(*free_sets), std::move(held), "", ""};
}

bool never_binds(const wire::LaunchJob& launch) {
    const wire::Placement& policy = launch.placement;
    if (!launch.rank_cpus.empty() || !policy.cpu_set.empty()) return false;
    // A wish that cannot be fulfilled is an error even where nothing is bound.
    if (policy.cpus_per_rank > 0) return false;
    if (policy.bind.to == BindTo::none) return true;
    const bool by_default = policy.bind.to == BindTo::unset && policy.map.by != MapBy::cpu_list;
    return by_default && (launch.oversubscribed || launch.shares_cores ||
                          policy.personality == wire::Personality::hydra);
}

}  // namespace vrun::daemon
