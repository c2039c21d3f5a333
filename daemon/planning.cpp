// SPDX-License-Identifier: Apache-2.0
#include "daemon/planning.hpp"

#include "daemon/placement.hpp"
#include "wire/base/escape.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"
#include "wire/messages/end.hpp"
#include "wire/preload_rules.hpp"
#include "wire/tls/tls_stream.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace vrun::daemon {
namespace {

using wire::exit_code::node_lost, wire::exit_code::refused;

// Bytes of output credit that all nodes of a job share, per stream.
constexpr std::size_t window_of_job = 32u << 20, window_min = 16u << 10, window_max = 1u << 20;

std::uint32_t window_for(std::size_t nodes) {
    return static_cast<std::uint32_t>(std::clamp(window_of_job / nodes, window_min, window_max));
}

std::string described(const Unreached& host) {
    const std::string where = host.name.empty() ? "" : escaped(host.name) + ": ";
    return where + escaped(host.error.message());
}

// Node names are what libpmix maps by, so two nodes of one name become "a" and "a~2".
std::string unique_name(const std::string& name, std::unordered_set<std::string>& taken) {
    std::string unique = name;
    for (int i = 2; !taken.insert(unique).second; ++i)
        unique = name + "~" + std::to_string(i);
    return unique;
}

}  // namespace

std::uint64_t slots_wanted(const wire::SubmitJob& request) {
    std::uint64_t wanted = 0;
    for (const wire::App& app : request.apps) {
        if (app.count == 0) return 0;
        wanted += app.count;
    }
    return request.placement.oversubscribe == wire::Choice::yes ? 0 : wanted;
}

std::optional<wire::JobRefused> refusal_of(const Gathered& found, bool hosts_were_named) {
    const bool nothing = found.nodes.empty();
    if (!nothing && !(hosts_were_named && (!found.unreached.empty() || !found.problems.empty())))
        return std::nullopt;
    wire::JobRefused refusal{node_lost,
                             nothing ? "no host to run on" : "not every host named can be used"};
    for (const std::string& problem : found.problems)
        refusal.sentence += "\n  " + escaped(problem);
    for (const Unreached& host : found.unreached) {
        refusal.sentence += "\n  " + described(host);
        const bool is_trust = host.error.code == wire::TlsErrc::wrong_key ||
                              host.error.code == wire::HelloErrc::no_common_protocol;
        if (is_trust) refusal.exit_code = refused;
    }
    if (hosts_were_named)
        refusal.sentence +=
            "\nvrund must run there with this cluster's key; `vrunctl hosts` lists who answers";
    else
        refusal.sentence += "\n`vrunctl hosts` shows what the discovery sources say";
    return refusal;
}

namespace {

std::optional<wire::JobRefused> without_reader(const wire::Streams& streams, std::uint32_t ranks) {
    if (streams.input_to != wire::InputTo::one || streams.input_rank < ranks) return std::nullopt;
    wire::JobRefused refusal;
    refusal.sentence = "--stdin " + std::to_string(streams.input_rank) +
                       ": there is no such rank; they go from 0 to " + std::to_string(ranks - 1);
    refusal.exit_code = wire::exit_code::usage;
    return refusal;
}

// Hydra starts one process when nothing was said, neither how many nor where.
std::uint32_t count_of(const wire::SubmitJob& request, std::size_t program) {
    const bool names_hosts = !request.host_words.empty() || !request.host_files.empty();
    const bool is_hydra = request.placement.personality == wire::Personality::hydra;
    const std::uint32_t count = request.apps[program].count;
    return is_hydra && !names_hosts ? std::max(count, 1u) : count;
}

std::variant<Placed, wire::JobRefused> placed(const wire::SubmitJob& request,
                                              std::span<const Node> nodes,
                                              std::span<const process::Machine> machines) {
    if (!wire::valid_files(request.files, request.apps.size()))
        return wire::JobRefused{wire::exit_code::usage,
                                "a file to preload has a name that leaves its directory"};
    std::vector<Candidate> candidates;
    std::vector<std::vector<std::string>> names;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const Node& node = nodes[i];
        const process::Machine* const machine = i < machines.size() ? &machines[i] : nullptr;
        candidates.push_back({escaped(node.name), node.slots, node.max_slots, machine});
        names.push_back(node.listed_names);
    }
    std::vector<Ask> programs;
    for (std::size_t i = 0; i < request.apps.size(); ++i)
        programs.push_back({count_of(request, i), usable_by(request, i, nodes)});
    auto listed = listed_ranks(request);
    if (auto* refusal = std::get_if<wire::JobRefused>(&listed)) return std::move(*refusal);
    const auto& list = std::get<std::vector<ListedRank>>(listed);
    if (!list.empty()) return place_listed(candidates, names, list, programs, request.placement);
    return place(candidates, programs, request.placement);
}

bool is_one_line(const wire::SubmitJob& request, std::span<const wire::RankRun> runs) {
    return wire::rank_count(runs) == 1 && request.apps.size() == 1 &&
           request.apps[0].argv.size() == 1;
}

// Containers on one machine that may use the same cores: nobody sees what the others bind, also not
// what those that this job leaves out bind for other jobs.
bool share_cores(std::span<const Node> nodes, std::span<const std::size_t> used) {
    std::unordered_map<std::string_view, process::CpuSet> machines;
    std::vector<bool> is_used(nodes.size());
    for (const std::size_t index : used) {
        const Node& node = nodes[index];
        is_used[index] = true;
        const auto cpus = process::CpuSet::of_text(node.cpus);
        if (node.machine.empty() || !cpus) continue;
        process::CpuSet& others = machines[node.machine];
        if (others.intersects(*cpus)) return true;
        others |= *cpus;
    }
    for (std::size_t index = 0; index < nodes.size(); ++index) {
        const auto neighbours = machines.find(nodes[index].machine);
        if (is_used[index] || neighbours == machines.end()) continue;
        const auto cpus = process::CpuSet::of_text(nodes[index].cpus);
        if (cpus && neighbours->second.intersects(*cpus)) return true;
    }
    return false;
}

void describe(wire::LaunchJob& launch, const wire::SubmitJob& request) {
    launch.job = wire::random_id();
    launch.kind = request.kind;
    launch.apps = request.apps;
    for (wire::App& app : launch.apps) {  // told already
        app.host_words.clear();
        app.host_files.clear();
    }
    launch.environment = request.environment;
    launch.umask = request.umask;
    launch.streams = request.streams;
    launch.universe = request.universe;
    launch.tolerance = request.tolerance;
    launch.shows_progress = request.shows_progress;
    launch.limits = request.limits;
    launch.files = request.files;
    launch.window = window_for(launch.nodes.size());
    launch.placement = request.placement;
    launch.placement.list = {};
    launch.report_bindings = request.display.bindings;
    launch.ttl_ms = request.ttl_ms;
}

}  // namespace

std::variant<wire::LaunchJob, wire::JobRefused> plan(const wire::SubmitJob& request,
                                                     const Gathered& found,
                                                     std::span<const process::Machine> machines) {
    auto result = placed(request, found.nodes, machines);
    if (auto* refusal = std::get_if<wire::JobRefused>(&result)) {
        for (const std::string& notice : notices_of(found))
            refusal->sentence += "\n  " + notice;
        return std::move(*refusal);
    }
    Placed& map = std::get<Placed>(result);
    if (const auto refusal = without_reader(request.streams, wire::rank_count(map.runs)))
        return *refusal;
    if (request.kind == wire::JobKind::shell && !is_one_line(request, map.runs))
        return wire::JobRefused{wire::exit_code::usage, "a shell is one process on one host"};
    wire::LaunchJob launch;
    std::unordered_set<std::string> taken;
    for (const std::size_t index : map.nodes) {
        const Node& node = found.nodes[index];
        launch.nodes.push_back(
            {node.incarnation, unique_name(node.name, taken), node.address, node.port, node.slots});
    }
    launch.runs = std::move(map.runs);
    launch.oversubscribed = map.oversubscribed;
    launch.shares_cores = share_cores(found.nodes, map.nodes);
    launch.rank_cpus = std::move(map.rank_cpus);
    describe(launch, request);
    return launch;
}

std::vector<std::string> notices_of(const Gathered& found) {
    std::vector<std::string> notices;
    for (const std::string& problem : found.problems)
        notices.push_back(escaped(problem));
    for (const Unreached& host : found.unreached)
        notices.push_back("not used: " + described(host));
    return notices;
}

}  // namespace vrun::daemon
