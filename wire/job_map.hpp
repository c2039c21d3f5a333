// SPDX-License-Identifier: Apache-2.0
// wire/job_map: which rank is where, read from a job's rank runs.
// Runs are in rank order and cover every rank once; valid() says whether they do.
// Pure functions over plain data; a run stands for many ranks, so nothing here is per rank
// unless it returns ranks.
#pragma once

#include "wire/messages/launch.hpp"

#include <optional>
#include <span>
#include <vector>

namespace vrun::wire {

bool valid_runs(std::span<const RankRun> runs, std::size_t nodes, std::size_t apps);

std::uint32_t rank_count(std::span<const RankRun> runs);
std::optional<RankRun> run_of(std::span<const RankRun> runs, Rank rank);    // empty: no such rank
std::vector<Rank> ranks_on(std::span<const RankRun> runs, NodeIndex node);  // ascending
std::vector<std::vector<Rank>> ranks_by_node(std::span<const RankRun> runs, std::size_t nodes);

Scale scale_of(const LaunchJob& launch);

// What was asked for, else the slots of its nodes, or its ranks. Empty: infinite.
std::optional<std::uint64_t> universe_size(const LaunchJob& launch);

}  // namespace vrun::wire
