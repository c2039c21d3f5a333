// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement.hpp"

#include "daemon/placement/local.hpp"
#include "daemon/placement/refusal.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

namespace vrun::daemon {
namespace {

using wire::MapBy, wire::Object, wire::RankBy;

bool spans_ranks(const wire::Placement& policy) {
    if (policy.rank.by == RankBy::span) return true;
    return policy.rank.by == RankBy::object && policy.rank.span &&
           policy.rank.object != Object::node;
}

bool spans_objects(const wire::Placement& policy) {
    return policy.map.by == MapBy::object && policy.map.span && policy.map.object != Object::node;
}

class Placing {
public:
    Placing(std::span<const Candidate> nodes, std::size_t programs, const wire::Placement& policy)
        : nodes_{nodes},
          programs_{programs},
          policy_{policy},
          per_{per_of(policy)},
          taken_(nodes.size()),
          index_of_(nodes.size(), none) {}

    // Places the next program; a sentence if it cannot be.
    std::optional<std::string> add(const Ask& ask) {
        const Room room{nodes_, taken_, ask.usable, oversubscribes()};
        const Refusal refusal{room, program_, programs_};
        const std::uint64_t count = ask.count > 0 ? ask.count : default_count(room);
        if (auto sentence = problem_of(room, refusal, count)) return sentence;
        const Shares shares = shares_of(room, count);
        if (auto sentence = problem_of(room, refusal, shares)) return sentence;
        if (is_hydra())
            append_in_blocks_again(room, count);
        else if (ranks_by_node())
            append_in_turn(shares);
        else if (spans_ranks(policy_))
            append_in_rounds(shares);
        else
            append_in_blocks(shares);
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            taken_[node] += shares[node];
            if (taken_[node] > nodes_[node].slots) placed_.oversubscribed = true;
        }
        ++program_;
        return std::nullopt;
    }

    Placed take() && { return std::move(placed_); }

private:
    static constexpr wire::NodeIndex none = std::numeric_limits<wire::NodeIndex>::max();

    static Per per_of(const wire::Placement& policy) {
        if (policy.map.by == MapBy::per_object) return {policy.map.count, policy.map.object};
        return {policy.per_node, Object::node};
    }

    bool is_hydra() const { return policy_.personality == wire::Personality::hydra; }
    bool oversubscribes() const {
        return policy_.oversubscribe == wire::Choice::yes ||
               (is_hydra() && policy_.oversubscribe == wire::Choice::unset);
    }
    bool ranks_by_node() const {
        const bool maps_by_node =
            policy_.map.by == MapBy::object && policy_.map.object == Object::node;
        if (policy_.rank.by == RankBy::unset) return maps_by_node;
        return policy_.rank.by == RankBy::object && policy_.rank.object == Object::node;
    }

    // How many objects of a kind each node has.
    Shares objects(Object kind) const {
        Shares counts;
        for (const Candidate& node : nodes_)
            counts.push_back(node.machine ? node.machine->objects(kind).size() : 1);
        return counts;
    }

    Shares wanted_per(const Room& room) const {
        Shares wanted = objects(per_.object);
        for (std::size_t node = 0; node < wanted.size(); ++node)
            wanted[node] = room.takes_more(node) ? wanted[node] * per_.count : 0;
        return wanted;
    }

    std::uint64_t default_count(const Room& room) const {
        if (is_hydra()) return sum(blocks(room));
        if (per_.count > 0) return sum(wanted_per(room));
        return oversubscribes() ? room.slot_total() : sum(room.free_slots());
    }

    Shares shares_of(const Room& room, std::uint64_t count) const {
        if (is_hydra()) return shares_in_blocks(room, count);
        if (per_.count > 0) return shares_as_wanted(count, wanted_per(room));
        if (spans_objects(policy_)) {
            Shares counts = objects(policy_.map.object);
            for (std::size_t node = 0; node < counts.size(); ++node)
                if (!room.is_usable(node)) counts[node] = 0;
            if (sum(counts) > 0) return shares_by_span(count, counts);
        }
        const bool by_node = policy_.map.by == MapBy::object && policy_.map.object == Object::node;
        return by_node ? shares_by_node(room, count) : shares_by_slot(room, count);
    }

    // Hydra: -ppn, or its slots, on each node, and again from the first.
    std::uint64_t block_of(const Room& room, std::size_t node) const {
        if (!room.is_usable(node)) return 0;
        return policy_.per_node > 0 ? policy_.per_node : nodes_[node].slots;
    }
    Shares blocks(const Room& room) const {
        Shares sizes(nodes_.size());
        for (std::size_t node = 0; node < sizes.size(); ++node)
            sizes[node] = block_of(room, node);
        return sizes;
    }
    Shares shares_in_blocks(const Room& room, std::uint64_t count) const {
        Shares shares = blocks(room);
        const std::uint64_t round = std::max<std::uint64_t>(sum(shares), 1);
        const Shares rest = shares_as_wanted(count % round, shares);
        for (std::size_t node = 0; node < shares.size(); ++node)
            shares[node] = shares[node] * (count / round) + rest[node];
        return shares;
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

    void append_in_blocks_again(const Room& room, std::uint64_t count) {
        while (count > 0)
            for (std::size_t node = 0; node < nodes_.size(); ++node) {
                const std::uint64_t block = std::min(count, block_of(room, node));
                append(node, block);
                count -= block;
            }
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

    // Each round takes what one round over its objects gives on every node.
    void append_in_rounds(const Shares& shares) {
        std::vector<std::vector<std::uint32_t>> rounds;
        std::size_t most = 0;
        for (std::size_t node = 0; node < shares.size(); ++node) {
            rounds.push_back(rounds_on(node, static_cast<std::uint32_t>(shares[node])));
            most = std::max(most, rounds.back().size());
        }
        for (std::size_t round = 0; round < most; ++round)
            for (std::size_t node = 0; node < shares.size(); ++node)
                if (round < rounds[node].size()) append(node, rounds[node][round]);
    }

    std::vector<std::uint32_t> rounds_on(std::size_t node, std::uint32_t ranks) const {
        if (ranks == 0) return {};
        const process::Machine* const machine = nodes_[node].machine;
        if (!machine) return {ranks};
        const Meaning meaning = meaning_of(policy_, *machine, {.ranks = next_rank_ + ranks});
        auto rounds = rounds_of(*machine, meaning, ranks);
        const auto ranked = std::accumulate(rounds.begin(), rounds.end(), std::uint32_t{0});
        if (ranked < ranks) rounds.push_back(ranks - ranked);
        return rounds;
    }

    std::optional<std::string> problem_of(const Room& room, const Refusal& refusal,
                                          std::uint64_t count) const;
    std::optional<std::string> problem_of(const Room& room, const Refusal& refusal,
                                          const Shares& shares) const;

    std::span<const Candidate> nodes_;
    std::size_t programs_;
    const wire::Placement& policy_;
    Per per_;
    Shares taken_;
    std::vector<wire::NodeIndex> index_of_;  // in placed_.nodes
    Placed placed_;
    wire::Rank next_rank_ = 0;
    std::uint32_t program_ = 0;
};

std::optional<std::string> Placing::problem_of(const Room& room, const Refusal& refusal,
                                               std::uint64_t count) const {
    if (nodes_.empty() || (is_hydra() && sum(blocks(room)) == 0)) return refusal.no_node();
    if (next_rank_ + count >= std::numeric_limits<wire::Rank>::max())
        return refusal.too_many_ranks(count);
    if (is_hydra() && oversubscribes()) return std::nullopt;
    if (per_.count > 0 && !is_hydra()) {
        const std::uint64_t most = sum(wanted_per(room));
        if (count > 0 && count <= most) return std::nullopt;
        return refusal.too_few_for(per_, count, most);
    }
    const bool enough = count <= sum(room.free_slots()) || oversubscribes();
    if (count > 0 && enough) return std::nullopt;
    return refusal.too_few_slots(count);
}

std::optional<std::string> Placing::problem_of(const Room& room, const Refusal& refusal,
                                               const Shares& shares) const {
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
        const std::uint64_t ranks = taken_[node] + shares[node];
        const std::uint32_t listed = nodes_[node].max_slots;
        if (ranks > ranks_per_node_max || (listed > 0 && ranks > listed))
            return refusal.too_large_share(shares, node);
        if (oversubscribes() || spans_objects(policy_) || shares[node] <= room.free(node)) continue;
        std::uint64_t fits = per_.count;
        const Shares counts = objects(per_.object);
        for (std::size_t other = 0; other < nodes_.size(); ++other)
            if (room.takes_more(other) && counts[other] > 0)
                fits = std::min(fits, room.free(other) / counts[other]);
        return refusal.does_not_fit(per_, shares, fits);
    }
    return std::nullopt;
}

}  // namespace

bool needs_machines(const wire::Placement& policy) {
    const bool counts_objects =
        policy.map.by == MapBy::per_object && policy.map.object != Object::node;
    return counts_objects || spans_objects(policy) || spans_ranks(policy);
}

std::variant<Placed, wire::JobRefused> place(std::span<const Candidate> nodes,
                                             std::span<const Ask> programs,
                                             const wire::Placement& policy) {
    Placing placing{nodes, programs.size(), policy};
    for (const Ask& program : programs)
        if (auto refusal = placing.add(program))
            return wire::JobRefused{wire::exit_code::too_few_slots, std::move(*refusal)};
    return std::move(placing).take();
}

}  // namespace vrun::daemon
