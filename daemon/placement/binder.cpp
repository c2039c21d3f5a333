// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement/binder.hpp"

#include <algorithm>

namespace vrun::daemon {

using process::CpuSet;

Binder::Binder(const process::Machine& machine, const Meaning& meaning)
    : machine_{machine},
      meaning_{meaning},
      objects_{machine.objects(meaning.bind_object)},
      bound_(objects_.size()) {
    for (const CpuSet& object : objects_)
        processors_.push_back(machine.units_in(object, meaning.hwthreads));
}

bool Binder::has_room(std::size_t object) const {
    return bound_[object] < processors_[object];
}

// To the right first, then to the left; itself if none has.
std::size_t Binder::with_room_near(std::size_t object) const {
    if (has_room(object)) return object;
    for (std::size_t other = object + 1; other < objects_.size(); ++other)
        if (has_room(other)) return other;
    for (std::size_t other = object; other > 0; --other)
        if (has_room(other - 1)) return other - 1;
    return object;
}

std::size_t Binder::least_bound(const CpuSet& locale) const {
    std::size_t least = objects_.size();
    for (std::size_t i = 0; i < objects_.size(); ++i)
        if (objects_[i].intersects(locale) &&
            (least == objects_.size() || bound_[i] < bound_[least]))
            least = i;
    return least;
}

std::optional<CpuSet> Binder::bind_in_place(const CpuSet& locale) {
    const auto found = std::ranges::find(objects_, locale);
    const std::size_t object = with_room_near(static_cast<std::size_t>(found - objects_.begin()));
    if (!has_room(object) && !meaning_.overload_allowed) return std::nullopt;
    ++bound_[object];
    return objects_[object];
}

std::optional<CpuSet> Binder::bind_inside(const CpuSet& locale) {
    CpuSet cpus;
    std::size_t processors = 0;
    for (std::size_t i = least_bound(locale); i < objects_.size(); ++i) {
        if (!has_room(i) && !meaning_.overload_allowed) return std::nullopt;
        ++bound_[i];
        cpus |= objects_[i];
        processors += processors_[i];
        if (processors >= meaning_.cpus_per_rank) return cpus;
    }
    return std::nullopt;
}

Bindings Binder::bind(std::span<const CpuSet> locales) {
    const bool in_place = meaning_.map_object == meaning_.bind_object;
    std::vector<CpuSet> sets;
    for (const CpuSet& locale : locales) {
        auto set = in_place ? bind_in_place(locale) : bind_inside(locale);
        if (!set && meaning_.bind_is_wish) return overloaded(locales.size());
        if (!set) return std::vector<CpuSet>(locales.size());
        sets.push_back(std::move(*set));
    }
    return sets;
}

std::string Binder::overloaded(std::size_t ranks) const {
    const std::size_t processors = machine_.units(meaning_.hwthreads).size();
    const std::string what = meaning_.hwthreads ? "hardware thread" : "core";
    return "--bind-to " + std::string{name_of(meaning_.bind_object)} + ": " +
           std::to_string(ranks) + " rank" + (ranks == 1 ? "" : "s") + " on this node, " +
           std::to_string(processors) + " free " + what + (processors == 1 ? "" : "s") +
           (meaning_.cpus_per_rank > 1
                ? ", " + std::to_string(meaning_.cpus_per_rank) + " wanted for each"
                : "") +
           "; type --bind-to none, or add :overload-allowed";
}

}  // namespace vrun::daemon
