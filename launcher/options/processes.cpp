// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"
#include "launcher/policy_words.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// As in mpirun, which also binds to what it counts by.
std::optional<Error> set_per_package(wire::Placement& placement, std::string_view count) {
    std::uint32_t checked = 0;
    if (auto error = set_count(checked, count)) return error;
    if (auto error = set_map_by(placement, "ppr:" + std::string{count} + ":package")) return error;
    if (placement.bind.to != wire::BindTo::unset) return std::nullopt;
    return set_bind_to(placement, "package");
}

std::optional<Error> set_universe(std::uint32_t& universe, std::string_view text) {
    if (same_in_any_case(text, "SYSTEM")) return set_to(universe, 0u);
    if (same_in_any_case(text, "INFINITE")) return set_to(universe, wire::universe_infinite);
    return set_count(universe, text);
}

// clang-format off
constexpr std::array table{
    Option{"n np", "COUNT", every_dialect, Scope::app,
           "start COUNT processes (default: one per slot; as mpiexec.hydra: one)",
           [](Settings& s, std::string_view v) { return set_count(s.apps.back().count, v); }},
    Option{"c", "COUNT", openmpi, Scope::app,
           "the same as -n",
           [](Settings& s, std::string_view v) { return set_count(s.apps.back().count, v); }},
    Option{"N npernode", "COUNT", openmpi, Scope::job,
           "start exactly COUNT processes on each node",
           [](Settings& s, std::string_view v) { return set_count(s.placement.per_node, v); }},
    Option{"pernode", "", openmpi, Scope::job,
           "start one process on each node",
           [](Settings& s, std::string_view) { return set_to(s.placement.per_node, 1u); }},
    Option{"ppn perhost grr", "COUNT", hydra, Scope::job,
           "start COUNT processes on each node",
           [](Settings& s, std::string_view v) { return set_count(s.placement.per_node, v); }},
    Option{"npersocket", "COUNT", openmpi, Scope::job,
           "start exactly COUNT processes on each package, bound to it",
           [](Settings& s, std::string_view v) { return set_per_package(s.placement, v); }},
    Option{"ppr", "COUNT:OBJECT", openmpi, Scope::job,
           "the same as --map-by ppr:COUNT:OBJECT",
           [](Settings& s, std::string_view v) {
               return set_map_by(s.placement, "ppr:" + std::string{v});
           }},
    Option{"app", "FILE", openmpi, Scope::job,
           "take the programs with their options from FILE, one a line",
           [](Settings& s, std::string_view v) { return set_text(s.program_file, v); }},
    Option{"configfile", "FILE", hydra, Scope::job,
           "the same as --app",
           [](Settings& s, std::string_view v) { return set_text(s.program_file, v); }},
    Option{"usize", "COUNT|SYSTEM|INFINITE", every_dialect, Scope::job,
           "how large MPI_UNIVERSE_SIZE is (default: SYSTEM, the slots of the job's hosts)",
           [](Settings& s, std::string_view v) { return set_universe(s.universe, v); }},
    noted("soft arch file", "HINT", openmpi5,
          "a hint of the MPI standard that no launcher makes use of"),
    noted("max-vm-size", "COUNT", openmpi,
          "the daemons are there already; name fewer hosts with --host"),
    noted("pset", "NAME", openmpi5, "processes are not told of named sets"),
    refused("index-argv-by-rank", "", openmpi,
            "every process gets the same words; let it read OMPI_COMM_WORLD_RANK"),
};
// clang-format on

}  // namespace

Section process_section() {
    return {"How many processes", table};
}

}  // namespace vrun::launcher
