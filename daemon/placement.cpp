// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement.hpp"

#include "wire/base/escape.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

namespace vrun::daemon {
namespace {

using Shares = std::vector<std::uint64_t>;  // ranks, or slots, per candidate

constexpr std::size_t hosts_shown_max = 16;

std::uint64_t sum(const Shares& shares) {
    return std::accumulate(shares.begin(), shares.end(), std::uint64_t{0});
}

std::string counted(std::uint64_t count, const std::string& thing) {
    return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

struct Table {  // what deal() gives to each candidate, from where it stands
    Shares heights;
    Shares room;

    std::uint64_t up_to(std::size_t node, std::uint64_t level) const {
        return level > heights[node] ? std::min(level - heights[node], room[node]) : 0;
    }
};

// Gives `count` ranks one by one to whoever stands lowest and has room, the first of equals: all
// rise to the highest level that `count` pays for, and the first ones get what is left.
// There must be room for all.
Shares deal(std::uint64_t count, const Table& table) {
    const std::size_t nodes = table.heights.size();
    const auto cost = [&](std::uint64_t level) {
        std::uint64_t total = 0;
        for (std::size_t node = 0; node < nodes; ++node)
            total += table.up_to(node, level);
        return total;
    };
    std::uint64_t low = 0, high = std::ranges::max(table.heights) + count;  // low is paid for
    while (low < high) {
        const std::uint64_t middle = high - (high - low) / 2;
        if (cost(middle) <= count)
            low = middle;
        else
            high = middle - 1;
    }
    Shares shares(nodes);
    std::uint64_t left = count - cost(low);
    for (std::size_t node = 0; node < nodes; ++node) {
        shares[node] = table.up_to(node, low);
        const bool rises = left > 0 && table.up_to(node, low + 1) > shares[node];
        shares[node] += rises;
        left -= rises;
    }
    return shares;
}

class Placing {
public:
    Placing(std::span<const Candidate> nodes, std::size_t programs, const wire::Placement& policy)
        : nodes_{nodes},
          programs_{programs},
          policy_{policy},
          taken_(nodes.size()),
          index_of_(nodes.size(), none) {}

    // Places the next program; a sentence if it cannot be.
    std::optional<std::string> add(std::uint32_t asked) {
        const std::uint64_t count = asked > 0 ? asked : default_count();
        if (auto refusal = refusal_of(count)) return refusal;
        const Shares shares = policy_.per_node > 0 ? shares_per_node(count)
                              : by_node()          ? shares_by_node(count)
                                                   : shares_by_slot(count);
        if (auto refusal = refusal_of(shares)) return refusal;
        if (by_node())
            append_in_turn(shares);
        else
            append_in_blocks(shares);
        for (std::size_t node = 0; node < nodes_.size(); ++node)
            taken_[node] += shares[node];
        ++program_;
        return std::nullopt;
    }

    Placed take() && { return std::move(placed_); }

private:
    static constexpr wire::NodeIndex none = std::numeric_limits<wire::NodeIndex>::max();

    bool by_node() const {
        return policy_.map.by == wire::MapBy::object && policy_.map.object == wire::Object::node;
    }
    bool may_oversubscribe() const { return policy_.oversubscribe == wire::Choice::yes; }

    std::uint64_t free(std::size_t node) const {
        return nodes_[node].slots > taken_[node] ? nodes_[node].slots - taken_[node] : 0;
    }
    Shares free_slots() const {
        Shares slots(nodes_.size());
        for (std::size_t node = 0; node < nodes_.size(); ++node)
            slots[node] = free(node);
        return slots;
    }
    std::uint64_t free_total() const { return sum(free_slots()); }
    std::uint64_t slot_total() const {
        std::uint64_t total = 0;
        for (const Candidate& node : nodes_)
            total += node.slots;
        return total;
    }

    // -N goes to every node that is not full.
    bool takes_per_node(std::size_t node) const { return may_oversubscribe() || free(node) > 0; }
    std::uint64_t per_node_total() const {
        std::uint64_t total = 0;
        for (std::size_t node = 0; node < nodes_.size(); ++node)
            if (takes_per_node(node)) total += policy_.per_node;
        return total;
    }

    std::uint64_t default_count() const {
        if (policy_.per_node > 0) return per_node_total();
        return may_oversubscribe() ? slot_total() : free_total();
    }

    Shares shares_per_node(std::uint64_t count) const {
        Shares shares(nodes_.size());
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (takes_per_node(node))
                shares[node] = std::min<std::uint64_t>(count, policy_.per_node);
            count -= shares[node];
        }
        return shares;
    }

    Shares shares_by_slot(std::uint64_t count) const {
        Shares shares = free_slots();
        Table table{taken_, Shares(nodes_.size(), count)};
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            shares[node] = std::min(shares[node], count);
            count -= shares[node];
            table.heights[node] += shares[node];
            table.heights[node] -= std::min<std::uint64_t>(table.heights[node], nodes_[node].slots);
        }
        if (count == 0) return shares;
        const Shares beyond = deal(count, table);
        std::ranges::transform(shares, beyond, shares.begin(), std::plus{});
        return shares;
    }

    // As mpirun: one in turn while there are slots, or without regard for slots if there are
    // too few of them.
    Shares shares_by_node(std::uint64_t count) const {
        if (count > free_total()) return deal(count, {taken_, Shares(nodes_.size(), count)});
        return deal(count, {Shares(nodes_.size()), free_slots()});
    }

    void append(std::size_t node, std::uint64_t count) {
        if (count == 0) return;
        if (index_of_[node] == none) {
            index_of_[node] = static_cast<wire::NodeIndex>(placed_.nodes.size());
            placed_.nodes.push_back(node);
        }
        auto& runs = placed_.runs;
        const wire::NodeIndex index = index_of_[node];
        if (!runs.empty() && runs.back().node == index && runs.back().app == program_)
            runs.back().count += static_cast<std::uint32_t>(count);
        else
            runs.push_back({index, next_rank_, static_cast<std::uint32_t>(count), program_});
        next_rank_ += static_cast<wire::Rank>(count);
    }

    void append_in_blocks(const Shares& shares) {
        for (std::size_t node = 0; node < shares.size(); ++node)
            append(node, shares[node]);
    }

    void append_in_turn(const Shares& shares) {
        std::vector<std::size_t> turn(shares.size());
        std::iota(turn.begin(), turn.end(), std::size_t{0});
        for (std::uint64_t round = 0; !turn.empty(); ++round) {
            std::erase_if(turn, [&](std::size_t node) { return shares[node] <= round; });
            for (const std::size_t node : turn)
                append(node, 1);
        }
    }

    std::optional<std::string> refusal_of(std::uint64_t count) const;
    std::optional<std::string> refusal_of(const Shares& shares) const;
    std::string table_of_hosts(const Shares& wanted) const;
    std::string how_many(std::uint64_t most) const;
    std::string whose() const;

    std::span<const Candidate> nodes_;
    std::size_t programs_;
    wire::Placement policy_;
    Shares taken_;
    std::vector<wire::NodeIndex> index_of_;  // in placed_.nodes
    Placed placed_;
    wire::Rank next_rank_ = 0;
    std::uint32_t program_ = 0;
};

std::string Placing::whose() const {
    return programs_ == 1 ? "" : " for program " + std::to_string(program_ + 1);
}

// "    node2: 4 slots, 1 taken, 3 short" and so on, a line each.
std::string Placing::table_of_hosts(const Shares& wanted) const {
    std::string lines;
    std::uint64_t slots_not_shown = 0;
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
        const bool lacks = !wanted.empty() && wanted[node] > free(node);
        if (node >= hosts_shown_max && !lacks) {
            slots_not_shown += nodes_[node].slots;
            continue;
        }
        lines += "\n    " + escaped(nodes_[node].name) + ": " + counted(nodes_[node].slots, "slot");
        if (taken_[node] > 0) lines += ", " + std::to_string(taken_[node]) + " taken";
        if (lacks) lines += ", " + std::to_string(wanted[node] - free(node)) + " short";
    }
    const std::size_t shown = static_cast<std::size_t>(std::ranges::count(lines, '\n'));
    if (shown < nodes_.size())
        lines += "\n    and " + counted(nodes_.size() - shown, "more node") + " with " +
                 counted(slots_not_shown, "slot");
    return lines;
}

// What to type so that `most` ranks are asked for.
std::string Placing::how_many(std::uint64_t most) const {
    if (most == 0) return programs_ == 1 ? "Add nodes" : "Give the programs before fewer ranks";
    return "Type -n " + std::to_string(most) + whose();
}

std::optional<std::string> Placing::refusal_of(std::uint64_t count) const {
    if (nodes_.empty()) return "there is no node to run on; vrunctl hosts says which are known";
    if (next_rank_ + count >= std::numeric_limits<wire::Rank>::max())
        return "-n " + std::to_string(count) +
               ": more ranks than a job can have; type a smaller -n";
    if (policy_.per_node > 0) {
        const std::uint64_t most = per_node_total();
        if (count > 0 && count <= most) return std::nullopt;
        return counted(count, "rank") + whose() + ", " + std::to_string(policy_.per_node) +
               " per node, need more nodes: " + counted(nodes_.size(), "node") + " can take " +
               std::to_string(most) + "." + table_of_hosts({}) + "\n" + how_many(most) +
               ", or a larger -N.";
    }
    const std::uint64_t most = free_total();
    if (count > 0 && (count <= most || may_oversubscribe())) return std::nullopt;
    return "too few slots: " + counted(count, "rank") + whose() + " asked for, " +
           counted(most, "slot") + (programs_ == 1 ? "" : " left") + " on " +
           counted(nodes_.size(), "node") + "." + table_of_hosts({}) + "\n" + how_many(most) +
           ", or --oversubscribe to run more ranks than slots.";
}

std::optional<std::string> Placing::refusal_of(const Shares& shares) const {
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
        if (taken_[node] + shares[node] > ranks_per_node_max)
            return counted(taken_[node] + shares[node], "rank") + " on node " +
                   escaped(nodes_[node].name) + ": one node takes " +
                   std::to_string(ranks_per_node_max) +
                   " at most. Type a smaller -n, or add nodes.";
        if (may_oversubscribe() || shares[node] <= free(node)) continue;
        std::uint64_t fits = policy_.per_node;
        for (std::size_t other = 0; other < nodes_.size(); ++other)
            if (takes_per_node(other)) fits = std::min(fits, free(other));
        return "too few slots: " + std::to_string(shares[node]) + " ranks per node" + whose() +
               " do not fit on every node." + table_of_hosts(shares) + "\nType -N " +
               std::to_string(fits) + ", or --oversubscribe to run more ranks than slots.";
    }
    return std::nullopt;
}

}  // namespace

std::variant<Placed, wire::JobRefused> place(std::span<const Candidate> nodes,
                                             std::span<const std::uint32_t> counts,
                                             const wire::Placement& policy) {
    Placing placing{nodes, counts.size(), policy};
    for (const std::uint32_t count : counts)
        if (auto refusal = placing.add(count))
            return wire::JobRefused{wire::exit_code::too_few_slots, std::move(*refusal)};
    return std::move(placing).take();
}

}  // namespace vrun::daemon
