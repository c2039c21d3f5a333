// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement/refusal.hpp"

#include "daemon/placement/meaning.hpp"
#include "wire/base/escape.hpp"

#include <algorithm>

namespace vrun::daemon {
namespace {

constexpr std::size_t hosts_shown_max = 16;

std::string counted(std::uint64_t count, const std::string& thing) {
    return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

std::string option_of(Per per, std::uint64_t count) {
    if (per.object == wire::Object::node) return "-N " + std::to_string(count);
    return "--map-by ppr:" + std::to_string(count) + ":" + std::string{name_of(per.object)};
}

}  // namespace

std::string Refusal::whose() const {
    return programs_ == 1 ? "" : " for program " + std::to_string(program_ + 1);
}

// "    node2: 4 slots, 1 taken, 3 short" and so on, a line each.
std::string Refusal::table_of_hosts(const Shares& wanted) const {
    std::string lines;
    std::uint64_t slots_not_shown = 0;
    for (std::size_t node = 0; node < room_.nodes.size(); ++node) {
        const Candidate& host = room_.nodes[node];
        const bool lacks = !wanted.empty() && wanted[node] > room_.free(node);
        if (node >= hosts_shown_max && !lacks) {
            slots_not_shown += host.slots;
            continue;
        }
        lines += "\n    " + escaped(host.name) + ": " + counted(host.slots, "slot");
        if (room_.taken[node] > 0) lines += ", " + std::to_string(room_.taken[node]) + " taken";
        if (!room_.is_usable(node)) lines += ", not for this program";
        if (lacks) lines += ", " + std::to_string(wanted[node] - room_.free(node)) + " short";
    }
    const std::size_t shown = static_cast<std::size_t>(std::ranges::count(lines, '\n'));
    if (shown < room_.nodes.size())
        lines += "\n    and " + counted(room_.nodes.size() - shown, "more node") + " with " +
                 counted(slots_not_shown, "slot");
    return lines;
}

// What to type so that `most` ranks are asked for.
std::string Refusal::how_many(std::uint64_t most) const {
    if (most == 0) return programs_ == 1 ? "Add nodes" : "Give the programs before fewer ranks";
    return "Type -n " + std::to_string(most) + whose();
}

std::string Refusal::no_node() const {
    return "there is no node to run on; vrunctl hosts says which are known";
}

std::string Refusal::too_many_ranks(std::uint64_t count) const {
    return "-n " + std::to_string(count) + ": more ranks than a job can have; type a smaller -n";
}

std::string Refusal::too_few_slots(std::uint64_t count) const {
    const std::uint64_t most = sum(room_.free_slots());
    return "too few slots: " + counted(count, "rank") + whose() + " asked for, " +
           counted(most, "slot") + (programs_ == 1 ? "" : " left") + " on " +
           counted(room_.nodes.size(), "node") + "." + table_of_hosts({}) + "\n" + how_many(most) +
           ", or --oversubscribe to run more ranks than slots.";
}

std::string Refusal::too_few_for(Per per, std::uint64_t count, std::uint64_t most) const {
    const std::string each{name_of(per.object)};
    const std::string option = per.object == wire::Object::node ? "-N" : "count for each " + each;
    return counted(count, "rank") + whose() + ", " + std::to_string(per.count) + " per " + each +
           ", need more nodes: " + counted(room_.nodes.size(), "node") + " can take " +
           std::to_string(most) + "." + table_of_hosts({}) + "\n" + how_many(most) +
           ", or a larger " + option + ".";
}

std::string Refusal::too_large_share(const Shares& shares, std::size_t node) const {
    const Candidate& host = room_.nodes[node];
    const std::uint64_t ranks = room_.taken[node] + shares[node];
    const bool is_listed = host.max_slots > 0 && ranks > host.max_slots;
    const std::uint64_t most = is_listed ? host.max_slots : ranks_per_node_max;
    return counted(ranks, "rank") + " on node " + escaped(host.name) + ": " +
           (is_listed ? "its max_slots allow " : "one node takes ") + std::to_string(most) +
           (is_listed ? "" : " at most") + ". Type a smaller -n, or add nodes.";
}

std::string Refusal::does_not_fit(Per per, const Shares& shares, std::uint64_t fits) const {
    const std::string each{name_of(per.object)};
    const std::string advice = fits > 0 ? "Type " + option_of(per, fits) : "Add slots";
    return "too few slots: " + std::to_string(per.count) + " rank" + (per.count == 1 ? "" : "s") +
           " per " + each + whose() + " do not fit on every node." + table_of_hosts(shares) + "\n" +
           advice + ", or --oversubscribe to run more ranks than slots.";
}

}  // namespace vrun::daemon
