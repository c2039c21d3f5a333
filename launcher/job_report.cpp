// SPDX-License-Identifier: Apache-2.0
#include "launcher/job_report.hpp"

#include "launcher/text_table.hpp"
#include "wire/base/escape.hpp"
#include "wire/job_id.hpp"

#include <pwd.h>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace vrun::launcher {
namespace {

using wire::JobPhase;
using wire::JobReport;

std::string user_name(std::uint32_t uid) {
    const struct passwd* const entry = ::getpwuid(uid);
    return entry ? entry->pw_name : std::to_string(uid);
}

bool has_root(const JobReport& job) {
    return job.self == 0;
}

// Only the root knows how it goes.
std::string state_text(const JobReport& job) {
    static constexpr std::array texts{"launching", "running", "ending", "ended"};
    if (!has_root(job)) return "root lost";
    return texts.at(static_cast<std::size_t>(job.phase));
}

std::string bond_text(const JobReport& job) {
    const bool has_ended = job.phase == JobPhase::ended;
    if (job.ttl_ms == 0) return job.controller.empty() ? "-" : "vrun on " + job.controller;
    if (job.attached && !job.controller.empty()) return "attached on " + job.controller;
    return has_ended ? "-" : "detached";
}

std::string age_text(std::uint64_t age_ms) {
    const std::uint64_t seconds = age_ms / 1000;
    if (seconds < 60) return std::to_string(seconds) + "s";
    if (seconds < 3600) return std::to_string(seconds / 60) + "m";
    if (seconds < 86'400) return std::to_string(seconds / 3600) + "h";
    return std::to_string(seconds / 86'400) + "d";
}

std::string exit_text(const JobReport& job) {
    const bool is_known = has_root(job) && job.phase == JobPhase::ended;
    return is_known ? std::to_string(job.exit_code) : "-";
}

std::string node_names(const JobReport& job) {
    constexpr std::size_t named_max = 3;
    std::string text;
    for (std::size_t i = 0; i < job.nodes.size() && i < named_max; ++i)
        text += (i > 0 ? "," : "") + escaped(job.nodes[i].name);
    const std::size_t named = std::min(job.nodes.size(), named_max);
    if (job.node_count <= named) return text;
    return text + ",+" + std::to_string(job.node_count - named);
}

}  // namespace

std::string job_table(const wire::JobList& list) {
    TextTable rows{
        {"ID", "USER", "STATE", "EXIT", "RANKS", "NODES", "CONTROLLER", "AGE", "COMMAND"}};
    for (const JobReport& job : list.jobs)
        rows.push_back({wire::id_text(job.job), escaped(user_name(job.owner)), state_text(job),
                        exit_text(job), std::to_string(job.rank_count), node_names(job),
                        escaped(bond_text(job)), age_text(job.age_ms), escaped(job.program)});
    return text_of(rows);
}

std::string job_json(const wire::JobList& list) {
    nlohmann::ordered_json jobs = nlohmann::ordered_json::array();
    for (const JobReport& job : list.jobs) {
        nlohmann::ordered_json entry;
        entry["id"] = wire::id_text(job.job);
        entry["uid"] = job.owner;
        entry["user"] = user_name(job.owner);
        entry["state"] = state_text(job);
        entry["ranks"] = job.rank_count;
        entry["nodes"] = nlohmann::ordered_json::array();
        for (const wire::JobNode& node : job.nodes)
            entry["nodes"].push_back(node.name);
        entry["detached"] = job.ttl_ms > 0;
        entry["attached"] = job.attached;
        entry["controller"] = job.controller;
        entry["age_s"] = job.age_ms / 1000;
        entry["command"] = job.program;
        if (has_root(job) && job.phase == JobPhase::ended) entry["exit_code"] = job.exit_code;
        jobs.push_back(std::move(entry));
    }
    nlohmann::ordered_json whole;
    whole["jobs"] = std::move(jobs);
    whole["silent"] = list.silent;
    whole["problems"] = list.problems;
    constexpr auto replace = nlohmann::ordered_json::error_handler_t::replace;  // what is not UTF-8
    return whole.dump(2, ' ', /*ensure_ascii=*/false, replace) + "\n";
}

}  // namespace vrun::launcher
