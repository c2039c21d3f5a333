// SPDX-License-Identifier: Apache-2.0
#include "launcher/state_report.hpp"

#include "wire/base/escape.hpp"
#include "wire/job_map.hpp"

#include <algorithm>
#include <array>

namespace vrun::launcher {
namespace {

using wire::RankPhase;

std::string phase_text(const wire::RankState& state) {
    static constexpr std::array names{"NOT STARTED",   "RUNNING", "IN MPI",
                                      "MPI FINALIZED", "EXITED",  "KILLED"};
    std::string text = names.at(static_cast<std::size_t>(state.phase));
    if (state.phase == RankPhase::exited) text += "    ExitCode: " + std::to_string(state.code);
    if (state.phase == RankPhase::killed) text += " by " + signal_text(state.code);
    return text;
}

bool is_alive(RankPhase phase) {
    return phase != RankPhase::not_started && phase < RankPhase::exited;
}

}  // namespace

void StateReport::add(wire::NodeIndex node, wire::NodeState state) {
    if (awaited_.erase(node) > 0) answers_[node] = std::move(state);
}

void StateReport::clear() {
    awaited_.clear();
    answers_.clear();
}

// A node speaks of its own ranks only; what it says of others is nothing to us.
std::vector<StateReport::Row> StateReport::rows(const wire::JobAccepted& accepted) const {
    std::vector<Row> all(wire::rank_count(accepted.runs));
    for (const wire::RankRun& run : accepted.runs) {
        for (wire::Rank rank = run.first_rank; rank < run.first_rank + run.count; ++rank) {
            all[rank].node = run.node;
            all[rank].state.rank = rank;
        }
    }
    for (const auto& [node, answer] : answers_) {
        for (const wire::RankState& state : answer.ranks) {
            if (state.rank >= all.size() || all[state.rank].node != node) continue;
            all[state.rank].state = state;
            all[state.rank].is_known = true;
        }
    }
    return all;
}

Lines StateReport::state_lines(const std::string& job, const wire::JobAccepted& accepted) const {
    const std::vector<Row> all = rows(accepted);
    const auto launched =
        std::ranges::count_if(all, [](const Row& row) { return row.state.pid != 0; });
    const auto terminated = std::ranges::count_if(
        all, [](const Row& row) { return row.state.phase >= RankPhase::exited; });
    Lines lines{"DATA FOR JOB: " + job,
                "    Num nodes: " + std::to_string(accepted.nodes.size()) + "    Num procs: " +
                    std::to_string(all.size()) + "    Num launched: " + std::to_string(launched) +
                    "    Num terminated: " + std::to_string(terminated),
                "    Procs:"};
    for (const Row& row : all) {
        std::string line = "        Rank: " + std::to_string(row.state.rank) +
                           "    Node: " + escaped(accepted.nodes[row.node].name);
        if (row.state.pid != 0) line += "    PID: " + std::to_string(row.state.pid);
        lines.push_back(
            line + "    State: " +
            (row.is_known ? phase_text(row.state) : "UNKNOWN, its node does not answer"));
    }
    return lines;
}

Lines StateReport::stack_lines(const wire::JobAccepted& accepted) const {
    Lines lines;
    for (const Row& row : rows(accepted)) {
        if (row.is_known && !is_alive(row.state.phase)) continue;
        const std::string pid =
            row.state.pid != 0 ? ", PID " + std::to_string(row.state.pid) : std::string{};
        lines.push_back("STACK TRACE FOR PROC " + std::to_string(row.state.rank) + " (" +
                        escaped(accepted.nodes[row.node].name) + pid + ")");
        if (!row.is_known) lines.emplace_back("    its node does not answer");
        for (const std::string& line : escaped_lines(row.state.stack))
            lines.push_back("    " + line);
    }
    return lines;
}

}  // namespace vrun::launcher
