// SPDX-License-Identifier: Apache-2.0
// daemon/placement/binder: from where ranks are mapped to what they are bound to, as Open MPI 4.
// Mapped and bound to the same kind of object: there, or on the next one that has a processor left.
// Else on the least used object that the rank's place overlaps.
#pragma once

#include "daemon/placement/local.hpp"

namespace vrun::daemon {

class Binder {
public:
    Binder(const process::Machine& machine, const Meaning& meaning);

    // `locales` and the result are in mapping order.
    Bindings bind(std::span<const process::CpuSet> locales);

private:
    bool has_room(std::size_t object) const;
    std::size_t with_room_near(std::size_t object) const;
    std::size_t least_bound(const process::CpuSet& locale) const;
    std::optional<process::CpuSet> bind_in_place(const process::CpuSet& locale);
    std::optional<process::CpuSet> bind_inside(const process::CpuSet& locale);
    std::string overloaded(std::size_t ranks) const;

    const process::Machine& machine_;
    const Meaning& meaning_;
    std::span<const process::CpuSet> objects_;
    std::vector<std::size_t> processors_;  // by object
    std::vector<std::size_t> bound_;
};

}  // namespace vrun::daemon
