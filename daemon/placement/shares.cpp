// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement/shares.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace vrun::daemon {
namespace {

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

Shares room_for(const Room& room, std::uint64_t count) {
    Shares most(room.nodes.size());
    for (std::size_t node = 0; node < most.size(); ++node)
        most[node] = room.is_usable(node) ? count : 0;
    return most;
}

}  // namespace

std::uint64_t sum(const Shares& shares) {
    return std::accumulate(shares.begin(), shares.end(), std::uint64_t{0});
}

std::uint64_t Room::free(std::size_t node) const {
    if (!is_usable(node) || nodes[node].slots <= taken[node]) return 0;
    return nodes[node].slots - taken[node];
}

Shares Room::free_slots() const {
    Shares slots(nodes.size());
    for (std::size_t node = 0; node < nodes.size(); ++node)
        slots[node] = free(node);
    return slots;
}

std::uint64_t Room::slot_total() const {
    std::uint64_t total = 0;
    for (std::size_t node = 0; node < nodes.size(); ++node)
        if (is_usable(node)) total += nodes[node].slots;
    return total;
}

Shares shares_by_slot(const Room& room, std::uint64_t count) {
    Shares shares = room.free_slots();
    Table table{room.taken, room_for(room, count)};
    for (std::size_t node = 0; node < shares.size(); ++node) {
        shares[node] = std::min(shares[node], count);
        count -= shares[node];
        std::uint64_t& height = table.heights[node];
        height += shares[node];
        height -= std::min<std::uint64_t>(height, room.nodes[node].slots);
    }
    if (count == 0) return shares;
    const Shares beyond = deal(count, table);
    std::ranges::transform(shares, beyond, shares.begin(), std::plus{});
    return shares;
}

Shares shares_by_node(const Room& room, std::uint64_t count) {
    if (count > sum(room.free_slots())) return deal(count, {room.taken, room_for(room, count)});
    return deal(count, {Shares(room.nodes.size()), room.free_slots()});
}

Shares shares_as_wanted(std::uint64_t count, Shares wanted) {
    for (std::uint64_t& share : wanted) {
        share = std::min(share, count);
        count -= share;
    }
    return wanted;
}

Shares shares_by_span(std::uint64_t count, const Shares& objects) {
    const std::uint64_t total = sum(objects);
    const std::uint64_t each = std::max<std::uint64_t>(count / total, 1);
    std::uint64_t more = count > each * total ? count - each * total : 0;  // objects with one more
    Shares wanted(objects.size());
    for (std::size_t node = 0; node < objects.size(); ++node) {
        const std::uint64_t extra = std::min(more, objects[node]);
        wanted[node] = objects[node] * each + extra;
        more -= extra;
    }
    return shares_as_wanted(count, std::move(wanted));
}

}  // namespace vrun::daemon
