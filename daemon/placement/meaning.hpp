// SPDX-License-Identifier: Apache-2.0
// daemon/placement/meaning: what a policy means on one machine, defaults filled in.
// Defaults are those of the personality: of Open MPI 4 what its code does, not its manual. A
// default gives way where a wish would be an error (too few cores, no such object).
#pragma once

#include "process/machine.hpp"

#include <optional>

namespace vrun::daemon {

struct Circumstances {
    std::uint64_t ranks = 0;        // of the whole job
    bool oversubscribed = false;    // some node of the job has more ranks than slots
    bool cores_are_shared = false;  // the cores are not ours alone: a CPU quota, other containers
};

enum class Order : std::uint8_t {
    as_mapped,
    in_turn,  // one from each object, then again
    filled,   // all of the first object, then the next
};

struct Meaning {
    std::optional<wire::Object> map_object;  // empty: a rank is mapped to the machine as a whole
    std::uint32_t per_object = 0;            // ranks on one object before the next; 0: one in turn

    Order order = Order::as_mapped;
    wire::Object order_object = wire::Object::core;
    bool order_is_wish = false;

    wire::BindTo bind = wire::BindTo::none;
    wire::Object bind_object = wire::Object::core;
    bool bind_is_wish = false;  // an error if it cannot be; else ranks are not bound
    bool overload_allowed = false;

    bool hwthreads = false;           // are processors, not cores
    std::uint32_t cpus_per_rank = 1;  // how many processors a rank shall have
};

Meaning meaning_of(const wire::Placement& policy, const process::Machine& machine,
                   const Circumstances& around);

// As the options write it: "package", "l3cache".
std::string_view name_of(wire::Object object) noexcept;

}  // namespace vrun::daemon
