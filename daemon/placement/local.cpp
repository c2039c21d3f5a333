// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement/local.hpp"

#include "daemon/placement/binder.hpp"
#include "daemon/placement/cpu_words.hpp"
#include "daemon/placement/hydra_bindings.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace vrun::daemon {
namespace {

using process::CpuSet, process::Machine;
using wire::BindTo, wire::Object;

// The ranks of one program in rank order, as positions in its mapping order.
struct Ranked {
    std::vector<std::size_t> positions;
    std::vector<std::uint32_t> per_round;
};

// `locales` of the ranks in the order in which they were mapped.
Ranked ranked(std::span<const CpuSet> objects, Order order, std::span<const CpuSet> locales) {
    Ranked result;
    std::vector<bool> taken(locales.size());
    std::vector<std::size_t> next(objects.size());  // before it, all are taken or elsewhere
    while (result.positions.size() < locales.size()) {
        const std::size_t before = result.positions.size();
        for (std::size_t i = 0; i < objects.size(); ++i) {
            bool more = true;
            for (std::size_t& at = next[i]; more && at < locales.size(); ++at) {
                if (taken[at] || !objects[i].intersects(locales[at])) continue;
                taken[at] = true;
                result.positions.push_back(at);
                more = order == Order::filled;
            }
        }
        result.per_round.push_back(static_cast<std::uint32_t>(result.positions.size() - before));
        if (result.per_round.back() == 0) break;  // objects that no rank is on
    }
    return result;
}

// Where each of `count` ranks is mapped to, from the `first`-th that the node got.
std::vector<CpuSet> locales_of(const Machine& machine, const Meaning& meaning, std::size_t first,
                               std::size_t count) {
    if (!meaning.map_object) return std::vector<CpuSet>(count, machine.cpus());
    const auto objects = machine.objects(*meaning.map_object);
    std::vector<CpuSet> locales;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t position = meaning.per_object > 0 ? i / meaning.per_object : first + i;
        locales.push_back(objects[position % objects.size()]);
    }
    return locales;
}

std::string with_name(std::string_view option, Object object, std::string_view rest) {
    return std::string{option} + std::string{name_of(object)} + std::string{rest};
}

std::string too_few_cpus(const Meaning& meaning, Object object, std::size_t processors) {
    const char* const what = meaning.hwthreads ? " hardware threads" : " cores";
    return with_name("PE=" + std::to_string(meaning.cpus_per_rank) + ": a ", object, "") +
           " has only " + std::to_string(processors) + what +
           "; map by something larger, or type a smaller PE=";
}

class LocalPlan {
public:
    LocalPlan(const Machine& machine, const wire::Placement& policy, const LocalPart& part)
        : machine_{machine},
          policy_{policy},
          part_{part},
          meaning_{meaning_of(policy, machine, part.around)} {}

    Bindings make() {
        if (!part_.rank_cpus.empty()) return listed();
        if (const auto problem = problem_of_map()) return *problem;
        if (meaning_.bind == BindTo::none) return std::vector<CpuSet>(total());
        if (meaning_.bind == BindTo::cpu_list) return from_list(total());
        if (meaning_.bind == BindTo::each_own)
            return hydra_user_bindings(policy_.bind.cpu_list, total());
        if (const auto problem = problem_of_objects()) return *problem;
        return bound();
    }

private:
    std::optional<std::string> problem_of_map() const {
        if (!meaning_.map_object || policy_.cpus_per_rank == 0) return std::nullopt;
        for (const CpuSet& object : machine_.objects(*meaning_.map_object)) {
            const std::size_t processors = machine_.units_in(object, meaning_.hwthreads);
            if (meaning_.cpus_per_rank > processors)
                return too_few_cpus(meaning_, *meaning_.map_object, processors);
        }
        return std::nullopt;
    }

    std::optional<std::string> problem_of_objects() const {
        const bool orders = meaning_.order != Order::as_mapped;
        if (orders && meaning_.order_is_wish && machine_.objects(meaning_.order_object).empty())
            return with_name("--rank-by ", meaning_.order_object,
                             ": this machine has none; type --rank-by slot");
        if (meaning_.bind_is_wish && machine_.objects(meaning_.bind_object).empty())
            return with_name("--bind-to ", meaning_.bind_object,
                             ": this machine has none; type --bind-to core or none");
        return std::nullopt;
    }

    // A list for each rank.
    Bindings listed() const {
        std::vector<CpuSet> sets;
        for (const std::string& words : part_.rank_cpus) {
            if (words.empty()) {
                sets.emplace_back();
                continue;
            }
            auto set = cpus_of_words(machine_, words, meaning_.hwthreads);
            if (!set) return set.error().message();
            sets.push_back(std::move(*set));
        }
        return sets;
    }

    // One list for all: together, or (ordered) a processor each.
    Bindings from_list(std::size_t ranks) const {
        const std::string& words =
            policy_.bind.cpu_list.empty() ? policy_.map.cpu_list : policy_.bind.cpu_list;
        const auto set = words.empty() ? Result<CpuSet>{machine_.cpus()}
                                       : cpus_of_words(machine_, words, meaning_.hwthreads);
        if (!set) return set.error().message();
        if (!policy_.map.ordered) return std::vector<CpuSet>(ranks, *set);
        std::vector<CpuSet> sets;
        for (const CpuSet& unit : machine_.units(meaning_.hwthreads))
            if (set->includes(unit) && sets.size() < ranks) sets.push_back(unit);
        if (sets.size() == ranks) return sets;
        return "the list of cores " + words + " has " + std::to_string(sets.size()) + " for " +
               std::to_string(ranks) +
               " ranks on this node; type a longer one, or leave out ORDERED";
    }

    Bindings bound() const {
        if (policy_.personality == wire::Personality::hydra)
            return hydra_bindings(machine_, policy_, total());
        std::vector<CpuSet> locales;
        for (const std::uint32_t count : part_.ranks_of_app)
            std::ranges::copy(locales_of(machine_, meaning_, locales.size(), count),
                              std::back_inserter(locales));
        Bindings result = Binder{machine_, meaning_}.bind(locales);
        if (auto* sets = std::get_if<std::vector<CpuSet>>(&result))
            *sets = in_rank_order(*sets, locales);
        return result;
    }

    std::size_t total() const {
        return std::accumulate(part_.ranks_of_app.begin(), part_.ranks_of_app.end(),
                               std::size_t{0});
    }

    std::vector<CpuSet> in_rank_order(const std::vector<CpuSet>& sets,
                                      std::span<const CpuSet> locales) const {
        const auto objects = machine_.objects(meaning_.order_object);
        if (meaning_.order == Order::as_mapped || objects.empty()) return sets;
        std::vector<CpuSet> result;
        std::size_t first = 0;
        for (const std::uint32_t count : part_.ranks_of_app) {
            const Ranked order = ranked(objects, meaning_.order, locales.subspan(first, count));
            for (const std::size_t position : order.positions)
                result.push_back(sets[first + position]);
            first += count;
            result.resize(first);
        }
        return result;
    }

    const Machine& machine_;
    const wire::Placement& policy_;
    const LocalPart& part_;
    Meaning meaning_;
};

}  // namespace

Bindings local_bindings(const Machine& machine, const wire::Placement& policy,
                        const LocalPart& part) {
    if (policy.cpu_set.empty()) return LocalPlan{machine, policy, part}.make();
    const auto allowed = cpus_of_words(machine, policy.cpu_set, /*hwthreads=*/false);
    if (!allowed) return "--cpu-set " + allowed.error().message();
    const Machine smaller = machine.restricted(*allowed);
    Bindings bindings = LocalPlan{smaller, policy, part}.make();
    if (auto* sets = std::get_if<std::vector<CpuSet>>(&bindings))
        std::ranges::replace_if(
            *sets, [](const CpuSet& set) { return set.empty(); }, *allowed);
    return bindings;
}

std::vector<std::uint32_t> rounds_of(const Machine& machine, const Meaning& meaning,
                                     std::uint32_t ranks) {
    const auto locales = locales_of(machine, meaning, 0, ranks);
    return ranked(machine.objects(meaning.order_object), meaning.order, locales).per_round;
}

}  // namespace vrun::daemon
