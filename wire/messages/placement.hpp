// SPDX-License-Identifier: Apache-2.0
// wire/messages/placement: where ranks shall run, in what order, and bound to what.
// What was asked, word for word: `unset` means that nothing was said, and the personality's default
// applies. launcher/policy_words makes it from words, daemon/placement gives it its meaning.
#pragma once

#include "wire/archive.hpp"

#include <cstdint>
#include <string>

namespace vrun::wire {

// Whose defaults and rules hold where the launchers differ.
enum class Personality : std::uint8_t { openmpi4, openmpi5, hydra };
constexpr bool valid(Personality personality) {
    return personality <= Personality::hydra;
}

// What a machine is made of, from the whole down. A board is a node.
enum class Object : std::uint8_t { node, package, numa, l3cache, l2cache, l1cache, core, hwthread };
constexpr bool valid(Object object) {
    return object <= Object::hwthread;
}

enum class Choice : std::uint8_t { unset, yes, no };
constexpr bool valid(Choice choice) {
    return choice <= Choice::no;
}

enum class MapBy : std::uint8_t {
    unset,
    slot,        // fill node after node
    object,      // one on each object in turn; by node: Object::node
    per_object,  // ppr:N:object, exactly N on each
    sequential,  // one rank on each line of the hostfile, or of `list`
    rankfile,    // `list` names the host and cores of each rank
    cpu_list,    // each rank on the next of the cores in `cpu_list` (PE-LIST=)
};
constexpr bool valid(MapBy map_by) {
    return map_by <= MapBy::cpu_list;
}

struct Mapping {
    MapBy by = MapBy::unset;
    Object object = Object::node;  // of `object` and `per_object`
    std::uint32_t count = 0;       // of `per_object`
    bool span = false;             // the objects of all nodes as if they were one node's
    bool ordered = false;          // ORDERED: the list's cores in its order, one for each rank
    std::string cpu_list;          // of `cpu_list`: "0,2,4-7"

    template <class Archive>
    void serialize(Archive& archive) {
        archive(by, object, count, span, ordered, cpu_list);
    }
};

enum class RankBy : std::uint8_t { unset, slot, object, fill, span };
constexpr bool valid(RankBy rank_by) {
    return rank_by <= RankBy::span;
}

struct Ranking {
    RankBy by = RankBy::unset;  // fill, span: Open MPI 5's policies of these names
    Object object = Object::node;
    bool span = false;  // modifiers of `object`, Open MPI 4: rank-by numa:span
    bool fill = false;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(by, object, span, fill);
    }
};

enum class BindTo : std::uint8_t {
    unset,
    none,
    object,
    cpu_list,  // all to the cores in `cpu_list` (--cpu-list); ORDERED: one to each
    each_own,  // Hydra's user:0,2+3,4: the CPUs of each rank in `cpu_list`
};
constexpr bool valid(BindTo bind_to) {
    return bind_to <= BindTo::each_own;
}

struct Binding {
    BindTo to = BindTo::unset;
    Object object = Object::core;
    std::uint32_t count = 1;        // objects for each rank: Hydra's core:2
    bool overload_allowed = false;  // more ranks than cores on an object
    bool if_supported = false;
    std::string cpu_list;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(to, object, count, overload_allowed, if_supported, cpu_list);
    }
};

struct ListText {      // a hostfile or rankfile; vrun reads it as its user
    std::string path;  // for messages; empty: none
    std::string text;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(path, text);
    }
};

struct Placement {
    Personality personality = Personality::openmpi4;
    Mapping map;
    Ranking rank;
    Binding bind;
    std::uint32_t per_node = 0;       // -N, -npernode, -ppn; 0: not asked
    std::uint32_t cpus_per_rank = 0;  // PE=, --cpus-per-rank; 0: not asked
    std::string cpu_set;              // --cpu-set: the only cores to use: "0-3,8"
    Choice oversubscribe = Choice::unset;
    bool no_local = false;                      // not on the node where vrun is
    Choice hwthreads_are_cpus = Choice::unset;  // HWTCPUS, CORECPUS, --use-hwthread-cpus
    ListText list;                              // --rankfile, rankfile:FILE=, seq:FILE=

    template <class Archive>
    void serialize(Archive& archive) {
        archive(personality, map, rank, bind, per_node, cpus_per_rank, cpu_set, oversubscribe,
                no_local, hwthreads_are_cpus, list);
    }
};

}  // namespace vrun::wire
