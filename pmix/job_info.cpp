// SPDX-License-Identifier: Apache-2.0
#include "pmix/job_info.hpp"

#include "wire/job_map.hpp"

#include <algorithm>
#include <limits>

namespace vrun::pmix {
namespace {

using RanksByNode = std::vector<std::vector<Rank>>;

std::string listed(const std::vector<Rank>& ranks) {
    std::string text;
    for (const Rank rank : ranks)
        text += (text.empty() ? "" : ",") + std::to_string(rank);
    return text;
}

// The job may know us by another name than the one libpmix was started with ("worker~2", where
// two hosts say they are "worker"). Names need to be unique in our own map only: exchange them.
std::vector<std::string> names_seen_from(const JobSetup& setup, const std::string& node_name) {
    std::vector<std::string> names;
    for (const wire::JobNode& node : setup.launch.nodes)
        names.push_back(node.name);
    const auto same = std::ranges::find(names, node_name);
    if (same != names.end()) *same = names[setup.node];
    names[setup.node] = node_name;
    return names;
}

void add_maps(InfoList& infos, const std::vector<std::string>& names, const RanksByNode& ranks) {
    std::string node_map, rank_map;
    std::uint32_t nodes = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (ranks[i].empty()) continue;
        node_map += (nodes == 0 ? "" : ",") + names[i];
        rank_map += (nodes == 0 ? "" : ";") + listed(ranks[i]);
        ++nodes;
    }
    infos.add_text(PMIX_NODE_MAP, node_map);
    infos.add_text(PMIX_PROC_MAP, rank_map);
    infos.add_count(PMIX_NUM_NODES, nodes);
}

constexpr std::uint64_t universe_max = std::numeric_limits<std::int32_t>::max();  // MPI's int

void add_sizes(InfoList& infos, const wire::LaunchJob& launch, const std::vector<Rank>& local) {
    const std::uint32_t size = wire::rank_count(launch.runs);
    const auto universe =
        static_cast<std::uint32_t>(wire::universe_size(launch).value_or(universe_max));
    infos.add_count(PMIX_SESSION_ID, 1);  // before UNIV_SIZE, which belongs to a session
    infos.add_count(PMIX_UNIV_SIZE, universe);
    infos.add_count(PMIX_MAX_PROCS, std::max(universe, size));
    infos.add_count(PMIX_JOB_SIZE, size);
    infos.add_count(PMIX_LOCAL_SIZE, static_cast<std::uint32_t>(local.size()));
    infos.add_text(PMIX_LOCAL_PEERS, listed(local));
    infos.add_flag(PMIX_SPAWNED, false);
}

struct AppRanks {
    Rank first = 0;
    std::uint32_t count = 0;
};

std::vector<AppRanks> ranks_of_apps(const wire::LaunchJob& launch) {
    std::vector<AppRanks> apps(launch.apps.size());
    for (const wire::RankRun& run : launch.runs) {
        AppRanks& app = apps[run.app];
        if (app.count == 0) app.first = run.first_rank;
        app.count += run.count;
    }
    return apps;
}

void add_apps(InfoList& infos, const wire::LaunchJob& launch, const std::vector<AppRanks>& apps) {
    infos.add_count(PMIX_JOB_NUM_APPS, static_cast<std::uint32_t>(apps.size()));
    for (std::uint32_t i = 0; i < apps.size(); ++i) {
        InfoList app;
        app.add_count(PMIX_APPNUM, i);
        app.add_count(PMIX_APP_SIZE, apps[i].count);
        app.add_rank(PMIX_APPLDR, apps[i].first);
        app.add_text(PMIX_WDIR, launch.apps[i].workdir);
        infos.add_array(PMIX_APP_INFO_ARRAY, std::move(app));
    }
}

// Which program a rank belongs to follows from no map. What is given of a rank must hold its
// local and its node rank, or MPI_Init fails.
void add_ranks(InfoList& infos, const wire::LaunchJob& launch, const std::vector<AppRanks>& apps,
               const std::vector<std::string>& names) {
    std::vector<std::uint16_t> next_local(names.size());
    std::vector<std::uint32_t> next_of_app(apps.size());
    for (const wire::RankRun& run : launch.runs) {
        for (Rank rank = run.first_rank; rank < run.first_rank + run.count; ++rank) {
            const std::uint16_t local = next_local[run.node]++;
            InfoList info;
            info.add_rank(PMIX_RANK, rank);  // has to be the first
            info.add_local_rank(PMIX_LOCAL_RANK, local);
            info.add_local_rank(PMIX_NODE_RANK, local);
            info.add_text(PMIX_HOSTNAME, names[run.node]);
            info.add_count(PMIX_APPNUM, run.app);
            info.add_rank(PMIX_APP_RANK, next_of_app[run.app]++);
            info.add_rank(PMIX_GLOBAL_RANK, rank);
            infos.add_array(PMIX_PROC_INFO_ARRAY, std::move(info));
        }
    }
}

}  // namespace

InfoList job_info(const JobSetup& setup, const std::string& node_name) {
    const wire::LaunchJob& launch = setup.launch;
    const RanksByNode ranks = wire::ranks_by_node(launch.runs, launch.nodes.size());
    const std::vector<std::string> names = names_seen_from(setup, node_name);
    const std::vector<AppRanks> apps = ranks_of_apps(launch);
    InfoList infos;
    add_sizes(infos, launch, ranks[setup.node]);
    add_maps(infos, names, ranks);
    add_apps(infos, launch, apps);
    if (apps.size() > 1) add_ranks(infos, launch, apps, names);
    infos.add_text(PMIX_NSDIR, setup.directory);
    infos.add_text(PMIX_TMPDIR, setup.directory);
    return infos;
}

}  // namespace vrun::pmix
