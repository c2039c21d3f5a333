// SPDX-License-Identifier: Apache-2.0
#include "process/machine.hpp"

#include "wire/base/handle.hpp"

#include <hwloc.h>
#include <algorithm>
#include <limits>

namespace vrun::process {
namespace {

using wire::Object;

using Topology = Handle<hwloc_topology, hwloc_topology_destroy>;

struct Kind {
    Object object;
    hwloc_obj_type_t type;
};

constexpr std::array hwloc_kinds{
    Kind{Object::package, HWLOC_OBJ_PACKAGE}, Kind{Object::numa, HWLOC_OBJ_NUMANODE},
    Kind{Object::l3cache, HWLOC_OBJ_L3CACHE}, Kind{Object::l2cache, HWLOC_OBJ_L2CACHE},
    Kind{Object::l1cache, HWLOC_OBJ_L1CACHE}, Kind{Object::core, HWLOC_OBJ_CORE},
    Kind{Object::hwthread, HWLOC_OBJ_PU},
};

CpuSet set_of(hwloc_const_cpuset_t bitmap) {
    CpuSet set;
    if (!bitmap) return set;
    for (int cpu = hwloc_bitmap_first(bitmap); cpu >= 0 && cpu <= static_cast<int>(cpu_max);
         cpu = hwloc_bitmap_next(bitmap, cpu))
        set.add(static_cast<unsigned>(cpu));
    return set;
}

Error error_of(std::errc code) {
    return {std::make_error_code(code), "read a machine's topology"};
}

// `choose` says where the topology comes from.
template <class Choose>
Result<Topology> loaded(Choose choose) {
    hwloc_topology_t raw = nullptr;
    if (hwloc_topology_init(&raw) < 0) return error_of(std::errc::not_enough_memory);
    Topology topology{raw};
    if (choose(raw) < 0 || hwloc_topology_load(raw) < 0)
        return error_of(std::errc::invalid_argument);
    return topology;
}

// "0-1,4": which of `all` lie in `cpus`, counted from the first of `all`.
std::string indices_in(std::span<const CpuSet> all, const CpuSet& cpus) {
    CpuSet indices;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].intersects(cpus)) indices.add(static_cast<unsigned>(i));
    return indices.text();
}

std::vector<CpuSet> inside(std::span<const CpuSet> all, const CpuSet& whole) {
    std::vector<CpuSet> parts;
    std::ranges::copy_if(all, std::back_inserter(parts),
                         [&](const CpuSet& part) { return whole.includes(part); });
    return parts;
}

}  // namespace

Result<Machine> Machine::of_xml(std::string_view xml) {
    if (xml.size() >= static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return error_of(std::errc::file_too_large);
    const std::string text{xml};  // hwloc wants the zero at its end
    const auto topology = loaded([&](hwloc_topology_t raw) {
        return hwloc_topology_set_xmlbuffer(raw, text.c_str(), static_cast<int>(text.size() + 1));
    });
    if (!topology) return topology.error();
    Machine machine;
    machine.objects_[0].front() = set_of(hwloc_topology_get_allowed_cpuset(topology->get()));
    for (const Kind kind : hwloc_kinds) {
        auto& objects = machine.objects_[static_cast<std::size_t>(kind.object)];
        hwloc_obj_t object = nullptr;
        while ((object = hwloc_get_next_obj_by_type(topology->get(), kind.type, object)))
            objects.push_back(set_of(object->cpuset));
    }
    return machine.restricted(machine.cpus());
}

Result<Machine> Machine::synthetic(const std::string& description) {
    const auto topology = loaded([&](hwloc_topology_t raw) {
        return hwloc_topology_set_synthetic(raw, description.c_str());
    });
    if (!topology) return topology.error();
    char* xml = nullptr;
    int size = 0;
    if (hwloc_topology_export_xmlbuffer(topology->get(), &xml, &size, 0) < 0)
        return error_of(std::errc::invalid_argument);
    const std::string text{xml};
    hwloc_free_xmlbuffer(topology->get(), xml);
    return of_xml(text);
}

Machine Machine::restricted(const CpuSet& cpus) const {
    Machine result = *this;
    for (std::size_t kind = 0; kind < kinds; ++kind) {
        for (CpuSet& object : result.objects_[kind])
            object &= cpus;
        if (kind > 0) std::erase_if(result.objects_[kind], [](auto& set) { return set.empty(); });
    }
    return result;
}

// Some machines do not say which threads make a core.
std::span<const CpuSet> Machine::units(bool hwthreads) const noexcept {
    const auto cores = objects(Object::core);
    return hwthreads || cores.empty() ? objects(Object::hwthread) : cores;
}

std::size_t Machine::units_in(const CpuSet& cpus, bool hwthreads) const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        units(hwthreads), [&](const CpuSet& unit) { return cpus.includes(unit); }));
}

std::string Machine::described(const CpuSet& cpus) const {
    if (cpus.includes(this->cpus())) return "";
    const auto packages =
        objects(Object::package).empty() ? objects(Object::node) : objects(Object::package);
    std::string words, picture;
    std::size_t core_number = 0;
    for (std::size_t i = 0; i < packages.size(); ++i) {
        std::string row;
        for (const CpuSet& core : inside(units(/*hwthreads=*/false), packages[i])) {
            if (!row.empty()) row += "/";
            const auto threads = inside(objects(Object::hwthread), core);
            for (const CpuSet& thread : threads)
                row += thread.intersects(cpus) ? 'B' : '.';
            if (core.intersects(cpus))
                words += (words.empty() ? "socket " : ", socket ") + std::to_string(i) + "[core " +
                         std::to_string(core_number) + "[hwt " + indices_in(threads, cpus) + "]]";
            ++core_number;
        }
        picture += "[" + row + "]";
    }
    return words + ": " + picture;
}

}  // namespace vrun::process
