// SPDX-License-Identifier: Apache-2.0
#include "daemon/policy_limits.hpp"

#include "wire/messages/failure.hpp"

#include <algorithm>

namespace vrun::daemon {
namespace {

using wire::BindTo, wire::MapBy, wire::Object, wire::RankBy;

std::string unknown_mapping(const wire::Mapping& map) {
    switch (map.by) {
    case MapBy::per_object:
        return map.object == Object::node ? "" : "ppr:N:OBJECT with another object than a node";
    case MapBy::sequential:
        return "seq";
    case MapBy::rankfile:
        return "a rankfile";
    case MapBy::cpu_list:
        return "PE-LIST";
    case MapBy::object:
        return map.span ? "SPAN" : "";
    case MapBy::unset:
    case MapBy::slot:
        return "";
    }
    return "";
}

std::string what_is_not_done(const wire::SubmitJob& request) {
    const wire::Placement& placement = request.placement;
    if (request.plan_only) return "--do-not-launch";
    if (std::string mapping = unknown_mapping(placement.map); !mapping.empty())
        return "mapping by " + mapping;
    const bool ranks_by_slot =
        placement.rank.by == RankBy::unset || placement.rank.by == RankBy::slot;
    if (!ranks_by_slot) return "--rank-by anything but slot";
    if (placement.no_local) return "leaving out the local node";
    const auto has_other_hosts = [&](const wire::App& app) {
        return app.host_words != request.apps.front().host_words || !app.host_files.empty();
    };
    if (request.apps.size() > 1 && std::ranges::any_of(request.apps, has_other_hosts))
        return "hosts of its own for each program";
    return "";
}

}  // namespace

std::optional<wire::JobRefused> refusal_of_policy(const wire::SubmitJob& request) {
    const std::string what = what_is_not_done(request);
    if (what.empty()) return std::nullopt;
    wire::JobRefused refusal;
    refusal.sentence = what +
                       " is not supported by this version; there are --map-by slot and node, "
                       "-N, ppr:N:node, --host and --hostfile";
    refusal.exit_code = wire::exit_code::usage;
    return refusal;
}

std::vector<std::string> notices_of_policy(const wire::SubmitJob& request) {
    std::vector<std::string> notices;
    const wire::Placement& placement = request.placement;
    const bool asks_for_cores = placement.bind.to == BindTo::object ||
                                placement.bind.to == BindTo::cpu_list ||
                                placement.cpus_per_rank > 0 || !placement.cpu_set.empty();
    if (asks_for_cores)
        notices.emplace_back("this version does not bind ranks to cores: they may use all of them");
    const wire::Display& display = request.display;
    if (display.allocation || display.map || display.topology || display.bindings)
        notices.emplace_back(
            "this version shows no allocation, map, topology or bindings; "
            "-v says where the ranks run");
    return notices;
}

}  // namespace vrun::daemon
