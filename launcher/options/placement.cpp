// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"
#include "launcher/policy_words.hpp"

#include <array>

namespace vrun::launcher {
namespace {

std::optional<Error> set_rank_file(Settings& settings, std::string_view path) {
    settings.placement.map.by = wire::MapBy::rankfile;
    return set_text(settings.rank_file, path);
}

// mpirun's -cpu-list is cores to bind to, its -cpu-set cores to choose from.
std::optional<Error> set_cpu_list(wire::Placement& placement, std::string_view list) {
    if (auto error = set_cpu_set(placement, list)) return error;
    placement.bind.to = wire::BindTo::cpu_list;
    return std::nullopt;
}

std::optional<Error> add_display(Settings& settings, std::string_view what) {
    struct Shown {
        std::string_view name;
        bool& shown;
    };
    const std::array known{Shown{"map", settings.display.map},
                           Shown{"map-devel", settings.display.map},
                           Shown{"allocation", settings.display.allocation},
                           Shown{"alloc", settings.display.allocation},
                           Shown{"bindings", settings.display.bindings},
                           Shown{"bind", settings.display.bindings},
                           Shown{"topo", settings.display.topology},
                           Shown{"env", settings.display_environment}};
    for (const Shown& row : known)
        if (same_in_any_case(row.name, what)) return set(row.shown);
    return Error{OptionErrc::not_a_display, std::string{what}};
}

// "map,bindings"; of Open MPI's "topo=HOSTS" and "map:parseable" the first word.
std::optional<Error> add_displays(Settings& settings, std::string_view list) {
    if (list.empty()) return Error{OptionErrc::empty_value, ""};
    for (const std::string_view word : parts_of(list, ','))
        if (auto error = add_display(settings, word.substr(0, word.find_first_of("=:"))))
            return error;
    return std::nullopt;
}

// clang-format off
constexpr std::array table{
    Option{"map-by", "POLICY", every_dialect, Scope::job,
           "slot, node, core, hwthread, numa, package, l1cache, l2cache, l3cache, ppr:N:OBJECT, "
           "seq, rankfile; then :PE=N, SPAN, OVERSUBSCRIBE, NOLOCAL",
           [](Settings& s, std::string_view v) { return set_map_by(s.placement, v); }},
    Option{"rank-by", "POLICY", every_dialect, Scope::job,
           "number the processes by slot, node, or another object",
           [](Settings& s, std::string_view v) { return set_rank_by(s.placement, v); }},
    Option{"bind-to binding", "OBJECT", every_dialect, Scope::job,
           "none, core, hwthread, numa, package, l1cache, l2cache, l3cache; then "
           ":overload-allowed, if-supported",
           [](Settings& s, std::string_view v) { return set_bind_to(s.placement, v); }},
    Option{"rankfile rf", "FILE", openmpi, Scope::job,
           "take each rank's host and cores from FILE, 'rank 0=a slot=0-1' a line",
           [](Settings& s, std::string_view v) { return set_rank_file(s, v); }},
    Option{"oversubscribe", "", openmpi, Scope::job,
           "allow more processes on a node than it has slots",
           [](Settings& s, std::string_view) {
               return set_to(s.placement.oversubscribe, wire::Choice::yes);
           }},
    Option{"nooversubscribe", "", openmpi, Scope::job,
           "refuse more processes on a node than it has slots (default)",
           [](Settings& s, std::string_view) {
               return set_to(s.placement.oversubscribe, wire::Choice::no);
           }},
    Option{"cpus-per-rank cpus-per-proc", "COUNT", openmpi, Scope::job,
           "bind each process to COUNT cores",
           [](Settings& s, std::string_view v) { return set_count(s.placement.cpus_per_rank, v); }},
    Option{"cpu-set", "LIST", openmpi, Scope::job,
           "use only these cores of each node: 0-3,8",
           [](Settings& s, std::string_view v) { return set_cpu_set(s.placement, v); }},
    Option{"cpu-list", "LIST", openmpi, Scope::job,
           "bind to these cores: 0-3,8",
           [](Settings& s, std::string_view v) { return set_cpu_list(s.placement, v); }},
    Option{"use-hwthread-cpus", "", openmpi, Scope::job,
           "a hardware thread counts as a core",
           [](Settings& s, std::string_view) {
               return set_to(s.placement.hwthreads_are_cpus, wire::Choice::yes);
           }},
    Option{"bynode", "", openmpi, Scope::job,
           "the same as --map-by node",
           [](Settings& s, std::string_view) { return set_map_by(s.placement, "node"); }},
    Option{"byslot", "", openmpi, Scope::job,
           "the same as --map-by slot",
           [](Settings& s, std::string_view) { return set_map_by(s.placement, "slot"); }},
    Option{"bycore", "", openmpi, Scope::job,
           "the same as --map-by core",
           [](Settings& s, std::string_view) { return set_map_by(s.placement, "core"); }},
    Option{"bind-to-core", "", openmpi, Scope::job,
           "the same as --bind-to core",
           [](Settings& s, std::string_view) { return set_bind_to(s.placement, "core"); }},
    Option{"bind-to-socket", "", openmpi, Scope::job,
           "the same as --bind-to package",
           [](Settings& s, std::string_view) { return set_bind_to(s.placement, "package"); }},
    Option{"rr", "", hydra, Scope::job,
           "one process on each node in turn",
           [](Settings& s, std::string_view) { return set_map_by(s.placement, "node"); }},
    Option{"display", "WHAT,...", openmpi5, Scope::job,
           "show before the start: map, allocation, bindings, topo, env",
           [](Settings& s, std::string_view v) { return add_displays(s, v); }},
    Option{"display-map display-devel-map display-diffable-map", "", openmpi, Scope::job,
           "the same as --display map",
           [](Settings& s, std::string_view) { return set(s.display.map); }},
    Option{"display-allocation display-devel-allocation", "", openmpi, Scope::job,
           "the same as --display allocation",
           [](Settings& s, std::string_view) { return set(s.display.allocation); }},
    Option{"display-topo", "", openmpi, Scope::job,
           "the same as --display topo",
           [](Settings& s, std::string_view) { return set(s.display.topology); }},
    Option{"report-bindings", "", openmpi, Scope::job,
           "show what each process is bound to, as it says itself",
           [](Settings& s, std::string_view) { return set(s.display.bindings); }},
    Option{"do-not-launch", "", openmpi, Scope::job,
           "plan, show what --display names, and start nothing",
           [](Settings& s, std::string_view) { return set(s.plan_only); }},
    noted("membind", "POLICY", hydra,
          "memory comes from where a process runs; --bind-to keeps it near"),
    noted("topolib", "NAME", hydra, "hwloc is the only one"),
    noted("cartofile cf", "FILE", openmpi, "hwloc knows the machine"),
    refused("rankmap", "LIST", hydra,
            "write a rankfile: --rankfile FILE, 'rank 0=a slot=0' a line"),
    refused("gpus-per-proc g gpu-subdevs-per-proc", "COUNT", hydra,
            "vrun hands out no GPUs; let a process choose by MPI_LOCALRANKID"),
};
// clang-format on

}  // namespace

Section placement_section() {
    return {"Where", table};
}

}  // namespace vrun::launcher
