// SPDX-License-Identifier: Apache-2.0
#include "daemon/strangers.hpp"

#include "process/heap.hpp"

#include <algorithm>

namespace vrun::daemon {
namespace {

constexpr std::size_t flood_size = 32;

}  // namespace

Stranger& Strangers::enter(const asio::ip::address& from) {
    const bool is_member = members_.contains(from);
    make_room(from, is_member);
    asio::steady_timer limit{loop_, greeting_limit};
    strangers_.emplace_back(Stranger{from, is_member, false, std::move(limit)});
    most_ = std::max(most_, strangers_.size());
    return strangers_.back();
}

void Strangers::make_room(const asio::ip::address& from, bool is_member) {
    const auto is_same = [&](const Stranger& one) { return !one.was_put_out && one.from == from; };
    const auto is_unknown = [](const Stranger& one) { return !one.was_put_out && !one.is_member; };
    const auto put_out_oldest = [&](const auto& which, std::ptrdiff_t places) {
        if (std::ranges::count_if(strangers_, which) < places) return;
        Stranger& oldest = *std::ranges::find_if(strangers_, which);
        oldest.was_put_out = true;
        oldest.limit.cancel();
    };
    put_out_oldest(is_same, strangers_per_address_max);
    if (!is_member) put_out_oldest(is_unknown, strangers_max);
}

void Strangers::leave(const Stranger& stranger) {
    strangers_.remove_if([&](const Stranger& one) { return &one == &stranger; });
    if (!strangers_.empty() || most_ < flood_size) return;
    most_ = 0;
    process::return_freed_memory();  // else the kernel gets nothing back of what a flood took
}

// Only holders of the key make this grow, and after a day it has forgotten.
void Strangers::remember_member(const asio::ip::address& address) {
    const auto now = asio::steady_timer::clock_type::now();
    std::erase_if(members_, [&](const auto& one) { return one.second + member_memory < now; });
    members_[address] = now;
}

}  // namespace vrun::daemon
