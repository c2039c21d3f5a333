// SPDX-License-Identifier: Apache-2.0
#include "daemon/host_choice.hpp"

#include "wire/base/escape.hpp"
#include "wire/messages/end.hpp"

#include <algorithm>

namespace vrun::daemon {
namespace {

using discovery::HostEntry;
using wire::exit_code::usage;

using Chosen = std::variant<std::vector<HostEntry>, wire::JobRefused>;

void append(std::vector<HostEntry>& all, std::vector<HostEntry> more) {
    for (HostEntry& host : more) {
        const auto same = std::ranges::find(all, host.name, &HostEntry::name);
        if (same == all.end())
            all.push_back(std::move(host));
        else
            same->slots += host.slots;
    }
}

Chosen chosen(const std::vector<std::string>& words, const std::vector<wire::ListText>& files) {
    std::vector<HostEntry> from_files, from_words;
    for (const wire::ListText& file : files) {
        auto parsed = discovery::parse_hostfile(file.text, file.path);
        if (!parsed) return wire::JobRefused{usage, escaped(parsed.error().message())};
        if (parsed->empty())
            return wire::JobRefused{usage,
                                    "--hostfile " + escaped(file.path) + ": it names no host"};
        append(from_files, std::move(*parsed));
    }
    for (const std::string& word : words) {
        auto parsed = discovery::host_words(word);
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
        host.max_slots = listed->max_slots;
    }
    return from_words;
}

bool names_hosts(const wire::App& app) {
    return !app.host_words.empty() || !app.host_files.empty();
}

bool is_called(const Node& node, const std::string& name) {
    return node.name == name ||
           std::ranges::find(node.listed_names, name) != node.listed_names.end();
}

// The hosts of a rankfile or sequence that names them; "+n0" is none.
std::vector<HostEntry> hosts_of_list(const std::vector<ListedRank>& list) {
    std::vector<HostEntry> hosts;
    for (const ListedRank& rank : list) {
        if (rank.host.starts_with('+')) continue;
        HostEntry host;
        host.name = rank.host;
        const auto same = std::ranges::find(hosts, host.name, &HostEntry::name);
        if (same == hosts.end()) hosts.push_back(std::move(host));
    }
    return hosts;
}

// Hydra counts a host without a number as one slot.
void count_as_hydra(std::vector<HostEntry>& hosts) {
    for (HostEntry& host : hosts)
        host.slots = std::max(host.slots, 1u);
}

}  // namespace

Chosen chosen_hosts(const wire::SubmitJob& request) {
    Chosen all = chosen(request.host_words, request.host_files);
    if (std::holds_alternative<wire::JobRefused>(all)) return all;
    auto& hosts = std::get<std::vector<HostEntry>>(all);
    if (hosts.empty()) {
        auto list = listed_ranks(request);
        if (auto* refusal = std::get_if<wire::JobRefused>(&list)) return std::move(*refusal);
        hosts = hosts_of_list(std::get<std::vector<ListedRank>>(list));
    }
    if (request.placement.personality == wire::Personality::hydra) count_as_hydra(hosts);
    return all;
}

std::vector<bool> usable_by(const wire::SubmitJob& request, std::size_t program,
                            std::span<const Node> nodes) {
    const wire::App& app = request.apps[program];
    if (!names_hosts(app)) return {};
    const Chosen own = chosen(app.host_words, app.host_files);
    const auto* hosts = std::get_if<std::vector<HostEntry>>(&own);
    if (!hosts || hosts->empty()) return {};
    std::vector<bool> usable;
    for (const Node& node : nodes)
        usable.push_back(std::ranges::any_of(
            *hosts, [&](const HostEntry& host) { return is_called(node, host.name); }));
    return usable;
}

std::variant<std::vector<ListedRank>, wire::JobRefused> listed_ranks(
    const wire::SubmitJob& request) {
    std::vector<ListedRank> all;
    const auto add = [&](Result<std::vector<ListedRank>> more) -> std::optional<wire::JobRefused> {
        if (!more) return wire::JobRefused{usage, escaped(more.error().message())};
        all.insert(all.end(), more->begin(), more->end());
        return std::nullopt;
    };
    const wire::Placement& policy = request.placement;
    const wire::ListText& list = policy.list;
    if (policy.map.by == wire::MapBy::rankfile) {
        if (list.path.empty())
            return wire::JobRefused{usage, "--map-by rankfile: name the file with :FILE=PATH"};
        if (auto refusal = add(parse_rankfile(list.text, list.path))) return *refusal;
    } else if (policy.map.by == wire::MapBy::sequential) {
        if (!list.path.empty())
            if (auto refusal = add(parse_sequence(list.text, list.path))) return *refusal;
        for (const wire::ListText& file : request.host_files)
            if (list.path.empty())
                if (auto refusal = add(parse_sequence(file.text, file.path))) return *refusal;
        for (const std::string& words : request.host_words)
            if (list.path.empty() && request.host_files.empty()) add(sequence_of_words(words));
        if (all.empty())
            return wire::JobRefused{usage,
                                    "--map-by seq: name the hosts with --host or --hostfile"};
    }
    return all;
}

void limit_slots(std::vector<Node>& nodes, std::span<const HostEntry> hosts) {
    for (Node& node : nodes)
        for (const HostEntry& host : hosts)
            if (host.max_slots > 0 && is_called(node, host.name)) node.max_slots = host.max_slots;
}

}  // namespace vrun::daemon
