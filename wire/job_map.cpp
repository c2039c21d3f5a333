// SPDX-License-Identifier: Apache-2.0
#include "wire/job_map.hpp"

#include <algorithm>
#include <limits>

namespace vrun::wire {

bool valid_runs(std::span<const RankRun> runs, std::size_t nodes, std::size_t apps) {
    std::uint64_t next = 0;
    for (const RankRun& run : runs) {
        if (run.count == 0 || run.first_rank != next) return false;
        if (run.node >= nodes || run.app >= apps) return false;
        next += run.count;
    }
    return next > 0 && next < std::numeric_limits<Rank>::max();
}

std::uint32_t rank_count(std::span<const RankRun> runs) {
    return runs.empty() ? 0 : runs.back().first_rank + runs.back().count;
}

std::optional<RankRun> run_of(std::span<const RankRun> runs, Rank rank) {
    const auto after = std::ranges::upper_bound(runs, rank, {}, &RankRun::first_rank);
    if (after == runs.begin()) return std::nullopt;
    const RankRun& run = *(after - 1);
    if (rank - run.first_rank >= run.count) return std::nullopt;
    return run;
}

std::vector<Rank> ranks_on(std::span<const RankRun> runs, NodeIndex node) {
    std::vector<Rank> ranks;
    for (const RankRun& run : runs) {
        if (run.node != node) continue;
        for (std::uint32_t i = 0; i < run.count; ++i)
            ranks.push_back(run.first_rank + i);
    }
    return ranks;
}

std::vector<std::vector<Rank>> ranks_by_node(std::span<const RankRun> runs, std::size_t nodes) {
    std::vector<std::vector<Rank>> ranks(nodes);
    for (const RankRun& run : runs)
        for (std::uint32_t i = 0; i < run.count; ++i)
            ranks[run.node].push_back(run.first_rank + i);
    return ranks;
}

Scale scale_of(const LaunchJob& launch) {
    return {rank_count(launch.runs), launch.nodes.size()};
}

std::optional<std::uint64_t> universe_size(const LaunchJob& launch) {
    if (launch.universe == universe_infinite) return std::nullopt;
    if (launch.universe > 0) return launch.universe;
    std::uint64_t slots = 0;
    for (const JobNode& node : launch.nodes)
        slots += node.slots;
    return std::max<std::uint64_t>(slots, rank_count(launch.runs));
}

}  // namespace vrun::wire
