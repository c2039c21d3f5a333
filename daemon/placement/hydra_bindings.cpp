// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement/hydra_bindings.hpp"

#include "wire/base/escape.hpp"
#include "wire/base/words.hpp"

#include <algorithm>
#include <charconv>

namespace vrun::daemon {
namespace {

using process::CpuSet;

// "0+4x2": the set, and for how many ranks.
std::optional<std::pair<CpuSet, std::size_t>> entry_of(std::string_view words) {
    std::string_view count_words = words;
    std::string cpus{take_word(count_words, 'x')};
    std::ranges::replace(cpus, '+', ',');
    const auto count = count_words.empty() ? 1 : number_in<std::size_t>(count_words);
    if (!count) return std::nullopt;
    const auto set = CpuSet::of_text(cpus);
    if (!set || set->empty()) return std::nullopt;
    return std::pair{*set, *count};
}

}  // namespace

std::vector<CpuSet> hydra_bindings(const process::Machine& machine, const wire::Placement& policy,
                                   std::size_t ranks) {
    const auto objects = machine.objects(policy.bind.object);
    auto domains = objects;
    if (policy.map.by == wire::MapBy::object && !machine.objects(policy.map.object).empty())
        domains = machine.objects(policy.map.object);
    std::vector<CpuSet> sets;
    for (std::size_t rank = 0; rank < ranks; ++rank) {
        const CpuSet& domain = domains[rank % domains.size()];
        std::vector<std::size_t> inside;
        for (std::size_t i = 0; i < objects.size(); ++i)
            if (domain.includes(objects[i])) inside.push_back(i);
        const std::size_t round = rank / domains.size();
        CpuSet set;
        for (std::size_t i = 0; i < policy.bind.count; ++i) {
            if (inside.size() > 1) {
                set |= objects[inside[(round * policy.bind.count + i) % inside.size()]];
                continue;
            }
            const auto around = std::ranges::find_if(
                objects, [&](const CpuSet& object) { return object.intersects(domain); });
            const auto first = static_cast<std::size_t>(around - objects.begin());
            set |= objects[(first + i) % objects.size()];
        }
        sets.push_back(std::move(set));
    }
    return sets;
}

Bindings hydra_user_bindings(std::string_view words, std::size_t ranks) {
    const std::string_view all = words;
    std::vector<CpuSet> sets;
    while (!words.empty() && sets.size() < ranks) {
        const auto entry = entry_of(take_word(words, ','));
        if (!entry)
            return "-bind-to user:" + escaped(all) + ": not a list of CPUs, as in 0+1,2,3x2";
        const std::size_t count = std::min(entry->second, ranks - sets.size());
        sets.insert(sets.end(), count, entry->first);
    }
    sets.resize(ranks);
    return sets;
}

}  // namespace vrun::daemon
