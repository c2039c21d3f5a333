// SPDX-License-Identifier: Apache-2.0
#include "daemon/planning.hpp"

#include "daemon/placement.hpp"
#include "daemon/policy_limits.hpp"
#include "wire/base/escape.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"
#include "wire/messages/end.hpp"
#include "wire/preload_rules.hpp"
#include "wire/tls/tls_stream.hpp"

#include <algorithm>
#include <unordered_set>

namespace vrun::daemon {
namespace {

using discovery::HostEntry;
using wire::exit_code::node_lost, wire::exit_code::refused, wire::exit_code::usage;

// Bytes of output credit that all nodes of a job share, per stream.
constexpr std::size_t window_of_job = 32u << 20, window_min = 16u << 10, window_max = 1u << 20;

std::uint32_t window_for(std::size_t nodes) {
    return static_cast<std::uint32_t>(std::clamp(window_of_job / nodes, window_min, window_max));
}

void append(std::vector<HostEntry>& all, std::vector<HostEntry> more) {
    for (HostEntry& host : more) {
        const auto same = std::ranges::find(all, host.name, &HostEntry::name);
        if (same == all.end())
            all.push_back(std::move(host));
        else
            same->slots += host.slots;
    }
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

std::variant<std::vector<HostEntry>, wire::JobRefused> chosen_hosts(
    const wire::SubmitJob& request) {
    std::vector<HostEntry> from_files, from_words;
    for (const wire::ListText& file : request.host_files) {
        auto parsed = discovery::parse_hostfile(file.text, file.path);
        if (!parsed) return wire::JobRefused{usage, escaped(parsed.error().message())};
        if (parsed->empty())
            return wire::JobRefused{usage,
                                    "--hostfile " + escaped(file.path) + ": it names no host"};
        append(from_files, std::move(*parsed));
    }
    for (const std::string& words : request.host_words) {
        auto parsed = discovery::host_words(words);
        if (!parsed) return wire::JobRefused{usage, escaped(parsed.error().message())};
        append(from_words, std::move(*parsed));
    }
    if (from_files.empty()) return from_words;
    if (from_words.empty()) return from_files;
    for (HostEntry& host : from_words) {
        const auto listed = std::ranges::find(from_files, host.name, &HostEntry::name);
        if (listed == from_files.end())
            return wire::JobRefused{
                usage, "--host " + escaped(host.name) + ": it is in no hostfile given"};
        host.port = listed->port;
    }
    return from_words;
}

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

// ppr:N:node is -N by another name.
wire::Placement policy_of(wire::Placement placement) {
    if (placement.map.by != wire::MapBy::per_object) return placement;
    placement.per_node = placement.map.count;
    placement.map = {};
    return placement;
}

std::optional<wire::JobRefused> without_reader(const wire::Streams& streams, std::uint32_t ranks) {
    if (streams.input_to != wire::InputTo::one || streams.input_rank < ranks) return std::nullopt;
    wire::JobRefused refusal;
    refusal.sentence = "--stdin " + std::to_string(streams.input_rank) +
                       ": there is no such rank; they go from 0 to " + std::to_string(ranks - 1);
    refusal.exit_code = wire::exit_code::usage;
    return refusal;
}

}  // namespace

std::variant<wire::LaunchJob, wire::JobRefused> plan(const wire::SubmitJob& request,
                                                     const Gathered& found) {
    std::vector<Candidate> candidates;
    for (const Node& node : found.nodes)
        candidates.push_back({escaped(node.name), node.slots});
    std::vector<std::uint32_t> counts;
    for (const wire::App& app : request.apps)
        counts.push_back(app.count);
    if (const auto refusal = refusal_of_policy(request)) return *refusal;
    if (!wire::valid_files(request.files, request.apps.size()))
        return wire::JobRefused{usage, "a file to preload has a name that leaves its directory"};
    auto placed = place(candidates, counts, policy_of(request.placement));
    if (auto* refusal = std::get_if<wire::JobRefused>(&placed)) {
        for (const std::string& notice : notices_of(found))
            refusal->sentence += "\n  " + notice;
        return std::move(*refusal);
    }
    auto& [runs, nodes] = std::get<Placed>(placed);
    if (const auto refusal = without_reader(request.streams, wire::rank_count(runs)))
        return *refusal;
    wire::LaunchJob launch;
    launch.job = wire::random_id();
    std::unordered_set<std::string> taken;
    for (const std::size_t index : nodes) {
        const Node& node = found.nodes[index];
        launch.nodes.push_back(
            {node.incarnation, unique_name(node.name, taken), node.address, node.port, node.slots});
    }
    launch.runs = std::move(runs);
    launch.apps = request.apps;
    launch.environment = request.environment;
    launch.umask = request.umask;
    launch.streams = request.streams;
    launch.universe = request.universe;
    launch.tolerance = request.tolerance;
    launch.shows_progress = request.shows_progress;
    launch.limits = request.limits;
    launch.files = request.files;
    launch.window = window_for(launch.nodes.size());
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
