// SPDX-License-Identifier: Apache-2.0
#include "daemon/plan_text.hpp"

#include "daemon/placement/meaning.hpp"
#include "wire/base/escape.hpp"
#include "wire/job_map.hpp"

#include <fmt/format.h>

namespace vrun::daemon {
namespace {

constexpr std::size_t width = 65;

std::string title(std::string_view words) {
    return fmt::format("{:=^{}}\n", fmt::format("   {}   ", words), width);
}

std::string rule() {
    return std::string(width, '=') + "\n";
}

std::string program_of(const wire::App& app) {
    return app.argv.empty() ? "" : escaped(app.argv[0]);
}

std::string allocation_text(std::span<const Node> nodes) {
    std::string text = title("ALLOCATED NODES");
    for (const Node& node : nodes)
        text +=
            fmt::format("    {}: slots={} max_slots={} slots_from={} state=UP\n",
                        escaped(node.name), node.slots, node.max_slots, escaped(node.slots_source));
    return text + rule();
}

std::string map_text(const wire::LaunchJob& launch) {
    std::string text = title("JOB MAP");
    const auto ranks = wire::ranks_by_node(launch.runs, launch.nodes.size());
    for (std::size_t node = 0; node < launch.nodes.size(); ++node) {
        text += fmt::format(" Data for node: {}  Num slots: {}  Num procs: {}\n",
                            escaped(launch.nodes[node].name), launch.nodes[node].slots,
                            ranks[node].size());
        for (const wire::Rank rank : ranks[node]) {
            const std::uint32_t app = wire::run_of(launch.runs, rank)->app;
            text += fmt::format("    Process rank: {}  App: {} ({})\n", rank, app,
                                program_of(launch.apps[app]));
        }
    }
    return text + rule();
}

std::string topology_text(std::span<const Node> nodes, std::span<const process::Machine> machines) {
    std::string text = title("TOPOLOGY");
    for (std::size_t node = 0; node < machines.size(); ++node) {
        text += " " + escaped(nodes[node].name) + ":";
        for (auto kind = wire::Object::package; kind <= wire::Object::hwthread;
             kind = static_cast<wire::Object>(static_cast<int>(kind) + 1))
            text += fmt::format(" {}:{}", name_of(kind), machines[node].objects(kind).size());
        text += " cpus:" + machines[node].cpus().text() + "\n";
    }
    return text + rule();
}

}  // namespace

wire::ShownPlan shown_plan(const wire::SubmitJob& request, std::span<const Node> nodes,
                           std::span<const process::Machine> machines,
                           const wire::LaunchJob& launch) {
    wire::ShownPlan plan;
    plan.is_all = request.plan_only;
    if (request.display.allocation) plan.text += allocation_text(nodes);
    if (request.display.topology) plan.text += topology_text(nodes, machines);
    if (request.display.map) plan.text += map_text(launch);
    return plan;
}

}  // namespace vrun::daemon
