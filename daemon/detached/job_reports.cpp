// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/job_reports.hpp"

#include "wire/base/escape.hpp"
#include "wire/job_id.hpp"
#include "wire/messages/failure.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace vrun::daemon {

bool is_sound(const wire::JobReport& report, wire::Incarnation from) {
    const std::size_t named = report.nodes.size();
    if (named == 0 || named > report.node_count || report.self >= report.node_count) return false;
    const bool is_whole = named == report.node_count;
    return is_whole ? report.nodes[report.self].incarnation == from : report.self != 0;
}

std::vector<wire::JobReport> merged(std::vector<wire::JobReport> reports) {
    std::map<wire::JobId, wire::JobReport> best;
    for (wire::JobReport& report : reports) {
        const auto [place, is_new] = best.try_emplace(report.job);
        wire::JobReport& known = place->second;
        const std::uint32_t turn = is_new ? report.turn : std::max(known.turn, report.turn);
        const std::uint64_t age = std::max(known.age_ms, report.age_ms);
        if (is_new || report.self < known.self) known = std::move(report);
        known.turn = turn;
        known.age_ms = age;
    }
    std::vector<wire::JobReport> list;
    for (auto& [job, report] : best)
        list.push_back(std::move(report));
    std::ranges::sort(list, [](const wire::JobReport& a, const wire::JobReport& b) {
        return std::tuple{b.age_ms, a.job} < std::tuple{a.age_ms, b.job};
    });
    return list;
}

std::variant<wire::JobReport, wire::JobRefused> chosen(const wire::JobList& list,
                                                       std::string_view id) {
    const wire::JobReport* found = nullptr;
    std::string several;
    for (const wire::JobReport& report : list.jobs) {
        const std::string text = wire::id_text(report.job);
        if (id.empty() || !text.starts_with(id)) continue;
        several += (found ? ", " : "") + text;
        if (found) continue;
        found = &report;
    }
    if (found && several.size() == wire::id_text(found->job).size()) return *found;
    wire::JobRefused refusal;
    refusal.exit_code = wire::exit_code::no_job;
    if (found) {
        refusal.sentence = "several jobs begin with " + escaped(id) + ": " + several;
        return refusal;
    }
    refusal.sentence = "no node knows a job " + escaped(id) +
                       " of yours; it may have ended (`vrunctl jobs` lists those that are known)";
    for (const std::string& silent : list.silent)
        refusal.sentence += "\n  not asked: " + escaped(silent);
    return refusal;
}

}  // namespace vrun::daemon
