// SPDX-License-Identifier: Apache-2.0
// process/machine: what ranks can be bound to, as plain sets of CPUs.
// A machine's packages, NUMA nodes, caches, cores and threads in hwloc's logical order; hwloc
// itself stays in the source file. A copy restricted to some CPUs stands for a cpuset, for
// --cpu-set, or for what other jobs left.
#pragma once

#include "process/cpu_set.hpp"
#include "wire/base/result.hpp"
#include "wire/messages/placement.hpp"

#include <array>

namespace vrun::process {

class Machine {
public:
    // hwloc's XML, which may come from another machine.
    static Result<Machine> of_xml(std::string_view xml);
    // hwloc's words for one that does not exist: "package:2 core:4 pu:2".
    static Result<Machine> synthetic(const std::string& description);

    // Empty where the machine has none, or does not say.
    std::span<const CpuSet> objects(wire::Object kind) const noexcept {
        return objects_[static_cast<std::size_t>(kind)];
    }
    const CpuSet& cpus() const noexcept { return objects(wire::Object::node).front(); }

    // Objects without any of `cpus` are gone, the others smaller.
    Machine restricted(const CpuSet& cpus) const;

    // What a rank counts as a processor: a core, or a hardware thread.
    std::span<const CpuSet> units(bool hwthreads) const noexcept;
    std::size_t units_in(const CpuSet& cpus, bool hwthreads) const noexcept;

    // As Open MPI reports a binding: "socket 0[core 1[hwt 0-1]]: [../BB][../..]"; empty when
    // `cpus` are all there are.
    std::string described(const CpuSet& cpus) const;

private:
    static constexpr std::size_t kinds = static_cast<std::size_t>(wire::Object::hwthread) + 1;

    Machine() : objects_{} { objects_[0].emplace_back(); }

    std::array<std::vector<CpuSet>, kinds> objects_;
};

}  // namespace vrun::process
