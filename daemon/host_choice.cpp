// SPDX-License-Identifier: Apache-2.0
#include "daemon/host_choice.hpp"

#include "wire/base/escape.hpp"
#include "wire/messages/end.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace vrun::daemon {
namespace {

using discovery::HostEntry;
using wire::exit_code::usage;

using Chosen = std::variant<std::vector<HostEntry>, wire::JobRefused>;

// Each host once, in the order of their first mention, with the slots of all mentions. One name at
// two ports is two daemons.
class Hosts {
public:
    void add(HostEntry host) {
        const std::pair key{host.name, host.port};
        const auto [place, is_new] = places_.try_emplace(key, all_.size());
        if (is_new)
            all_.push_back(std::move(host));
        else
            all_[place->second].slots += host.slots;
    }
    void add(std::vector<HostEntry> more) {
        for (HostEntry& host : more)
            add(std::move(host));
    }

    // At its lowest port.
    HostEntry* find(const std::string& name) {
        const auto place = places_.lower_bound({name, 0});
        const bool is_there = place != places_.end() && place->first.first == name;
        return is_there ? &all_[place->second] : nullptr;
    }

    std::vector<HostEntry>& all() { return all_; }

private:
    std::vector<HostEntry> all_;
    std::map<std::pair<std::string, std::uint16_t>, std::size_t> places_;
};

Chosen chosen(const std::vector<std::string>& words, const std::vector<wire::ListText>& files) {
    Hosts from_files, from_words;
    for (const wire::ListText& file : files) {
        auto parsed = discovery::parse_hostfile(file.text, file.path);
        if (!parsed) return wire::JobRefused{usage, escaped(parsed.error().message())};
        if (parsed->empty())
            return wire::JobRefused{usage,
                                    "--hostfile " + escaped(file.path) + ": it names no host"};
        from_files.add(std::move(*parsed));
    }
    for (const std::string& word : words) {
        auto parsed = discovery::host_words(word);
        if (!parsed) return wire::JobRefused{usage, escaped(parsed.error().message())};
        from_words.add(std::move(*parsed));
    }
    if (from_files.all().empty()) return std::move(from_words.all());
    if (from_words.all().empty()) return std::move(from_files.all());
    for (HostEntry& host : from_words.all()) {
        const HostEntry* const listed = from_files.find(host.name);
        if (!listed)
            return wire::JobRefused{
                usage, "--host " + escaped(host.name) + ": it is in no hostfile given"};
        host.port = listed->port;
        host.max_slots = listed->max_slots;
    }
    return std::move(from_words.all());
}

bool names_hosts(const wire::App& app) {
    return !app.host_words.empty() || !app.host_files.empty();
}

// The hosts of a rankfile or sequence that names them; "+n0" is none.
std::vector<HostEntry> hosts_of_list(const std::vector<ListedRank>& list) {
    Hosts hosts;
    for (const ListedRank& rank : list) {
        if (rank.host.starts_with('+')) continue;
        HostEntry host;
        host.name = rank.host;
        hosts.add(std::move(host));
    }
    return std::move(hosts.all());
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
    std::unordered_set<std::string_view> names;
    for (const HostEntry& host : *hosts)
        names.insert(host.name);
    const auto is_named = [&](const std::string& name) { return names.contains(name); };
    std::vector<bool> usable;
    for (const Node& node : nodes)
        usable.push_back(is_named(node.name) || std::ranges::any_of(node.listed_names, is_named));
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
    std::unordered_map<std::string_view, std::uint32_t> limits;
    for (const HostEntry& host : hosts)
        if (host.max_slots > 0) limits[host.name] = host.max_slots;
    if (limits.empty()) return;
    for (Node& node : nodes) {
        const auto limit = [&](const std::string& name) {
            if (const auto found = limits.find(name); found != limits.end())
                node.max_slots = found->second;
        };
        limit(node.name);
        std::ranges::for_each(node.listed_names, limit);
    }
}

}  // namespace vrun::daemon
