// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement/meaning.hpp"

namespace vrun::daemon {
namespace {

using process::Machine;
using wire::BindTo, wire::Choice, wire::MapBy, wire::Object, wire::Personality, wire::RankBy;

constexpr std::uint64_t few_ranks_max = 2;  // so many get a core each by default

Object processor(bool hwthreads) {
    return hwthreads ? Object::hwthread : Object::core;
}

// Where more than a few ranks go by default.
std::optional<Object> large_object(const wire::Placement& policy, const Machine& machine) {
    const bool package_first = policy.personality == Personality::openmpi5;
    const Object first = package_first ? Object::package : Object::numa;
    const Object second = package_first ? Object::numa : Object::package;
    if (!machine.objects(first).empty()) return first;
    if (!machine.objects(second).empty()) return second;
    return std::nullopt;
}

std::optional<Object> default_object(const wire::Placement& policy, const Machine& machine,
                                     const Meaning& meaning, std::uint64_t ranks) {
    return ranks <= few_ranks_max ? processor(meaning.hwthreads) : large_object(policy, machine);
}

void set_mapping(Meaning& meaning, const wire::Placement& policy, const Machine& machine,
                 std::uint64_t ranks) {
    switch (policy.map.by) {
    case MapBy::object:
        if (policy.map.object != Object::node) meaning.map_object = policy.map.object;
        break;
    case MapBy::per_object:
        if (policy.map.object == Object::node) break;
        meaning.map_object = policy.map.object;
        meaning.per_object = policy.map.count;
        break;
    case MapBy::unset:
        if (policy.cpus_per_rank > 1)
            meaning.map_object = Object::numa;
        else if (policy.per_node == 0)
            meaning.map_object = default_object(policy, machine, meaning, ranks);
        break;
    default:
        break;
    }
    if (meaning.map_object && machine.objects(*meaning.map_object).empty())
        meaning.map_object.reset();
}

void set_order(Meaning& meaning, const wire::Placement& policy) {
    const wire::Ranking& rank = policy.rank;
    meaning.order_is_wish = rank.by != RankBy::unset;
    if (rank.by == RankBy::object && rank.object != Object::node) {
        meaning.order = rank.fill ? Order::filled : Order::in_turn;
        meaning.order_object = rank.object;
    } else if (rank.by == RankBy::fill || rank.by == RankBy::span) {
        if (!meaning.map_object) return;
        meaning.order = rank.by == RankBy::fill ? Order::filled : Order::in_turn;
        meaning.order_object = *meaning.map_object;
    } else if (rank.by == RankBy::unset && policy.map.by == MapBy::object &&
               policy.map.object != Object::node) {
        meaning.order = Order::in_turn;
        meaning.order_object = policy.map.object;
    }
}

void bind_to(Meaning& meaning, std::optional<Object> object) {
    meaning.bind = object ? BindTo::object : BindTo::none;
    meaning.bind_object = object.value_or(Object::core);
}

void set_default_binding(Meaning& meaning, const wire::Placement& policy, const Machine& machine,
                         const Circumstances& around) {
    if (policy.personality == Personality::hydra || around.oversubscribed ||
        around.cores_are_shared || machine.objects(Object::core).empty())
        return;
    if (policy.map.by == MapBy::object && policy.map.object != Object::node)
        return bind_to(meaning, policy.map.object);
    bind_to(meaning, default_object(policy, machine, meaning, around.ranks));
}

void set_binding(Meaning& meaning, const wire::Placement& policy, const Machine& machine,
                 const Circumstances& around) {
    meaning.overload_allowed = policy.bind.overload_allowed || policy.oversubscribe == Choice::yes;
    meaning.bind_is_wish = true;
    const bool has_list = policy.map.by == MapBy::cpu_list || policy.bind.to == BindTo::cpu_list;
    if (policy.bind.to == BindTo::none) return;
    if (has_list) {
        meaning.bind = BindTo::cpu_list;
    } else if (policy.bind.to == BindTo::each_own) {
        meaning.bind = BindTo::each_own;
    } else if (policy.bind.to == BindTo::object) {
        if (policy.bind.object != Object::node) bind_to(meaning, policy.bind.object);
    } else if (policy.cpus_per_rank > 0) {
        bind_to(meaning, processor(meaning.hwthreads));
    } else {
        meaning.bind_is_wish = false;
        set_default_binding(meaning, policy, machine, around);
    }
}

}  // namespace

std::string_view name_of(Object object) noexcept {
    switch (object) {
    case Object::node:
        return "node";
    case Object::package:
        return "package";
    case Object::numa:
        return "numa";
    case Object::l3cache:
        return "l3cache";
    case Object::l2cache:
        return "l2cache";
    case Object::l1cache:
        return "l1cache";
    case Object::core:
        return "core";
    case Object::hwthread:
        return "hwthread";
    }
    return "";
}

Meaning meaning_of(const wire::Placement& policy, const Machine& machine,
                   const Circumstances& around) {
    Meaning meaning;
    const bool maps_by_thread =
        policy.map.by == MapBy::object && policy.map.object == Object::hwthread;
    const bool binds_to_thread =
        policy.bind.to == BindTo::object && policy.bind.object == Object::hwthread;
    meaning.hwthreads =
        policy.hwthreads_are_cpus == Choice::yes || maps_by_thread || binds_to_thread;
    meaning.cpus_per_rank = std::max(policy.cpus_per_rank, 1u);
    set_mapping(meaning, policy, machine, around.ranks);
    set_order(meaning, policy);
    set_binding(meaning, policy, machine, around);
    return meaning;
}

}  // namespace vrun::daemon
