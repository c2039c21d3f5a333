// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/variables.hpp"

#include <algorithm>
#include <array>

namespace vrun::launcher {
namespace {

using enum Meaning;

// clang-format off
constexpr std::array variables{
    LauncherVariable{"MPIEXEC_TIMEOUT", "timeout", number},
    LauncherVariable{"HYDRA_HOST_FILE", "default-hostfile"},
    LauncherVariable{"I_MPI_HYDRA_HOST_FILE", "default-hostfile"},
    LauncherVariable{"I_MPI_PERHOST", "ppn", number},
    LauncherVariable{"HYDRA_ENV", "genv", word},
    LauncherVariable{"HYDRA_DEBUG", "verbose", flag},
    LauncherVariable{"MPIEXEC_UNIVERSE_SIZE", "usize"},
    LauncherVariable{"VRUN_EXPORT", "export"},
    LauncherVariable{"VRUN_WAIT", "wait"},
    LauncherVariable{"OMPI_MCA_orte_default_hostfile", "default-hostfile"},
    LauncherVariable{"OMPI_MCA_orte_rankfile", "rankfile"},
    LauncherVariable{"OMPI_MCA_orte_execute_quiet", "quiet", flag},
    LauncherVariable{"OMPI_MCA_orte_tag_output", "tag-output", flag},
    LauncherVariable{"OMPI_MCA_orte_timestamp_output", "timestamp-output", flag},
    LauncherVariable{"OMPI_MCA_orte_xml_output", "xml", flag},
    LauncherVariable{"OMPI_MCA_orte_output_filename", "output-filename"},
    LauncherVariable{"OMPI_MCA_ras_base_display_alloc", "display-allocation", flag},
    LauncherVariable{"OMPI_MCA_rmaps_base_display_map", "display-map", flag},
    LauncherVariable{"OMPI_MCA_rmaps_base_no_oversubscribe", "nooversubscribe", flag},
    LauncherVariable{"OMPI_MCA_rmaps_base_oversubscribe", "oversubscribe", flag},
    LauncherVariable{"OMPI_MCA_rmaps_base_no_schedule_local", "nolocal", flag},
    LauncherVariable{"OMPI_MCA_rmaps_base_cpus_per_rank", "cpus-per-rank"},
    LauncherVariable{"OMPI_MCA_rmaps_base_mapping_policy", "map-by"},
    LauncherVariable{"OMPI_MCA_rmaps_base_ranking_policy", "rank-by"},
    LauncherVariable{"OMPI_MCA_hwloc_base_cpu_set", "cpu-set"},
    LauncherVariable{"OMPI_MCA_hwloc_base_use_hwthreads_as_cpus", "use-hwthread-cpus", flag},
    LauncherVariable{"OMPI_MCA_hwloc_base_binding_policy", "bind-to"},
    LauncherVariable{"OMPI_MCA_hwloc_base_report_bindings", "report-bindings", flag},
    LauncherVariable{"PRTE_MCA_prte_default_hostfile", "default-hostfile"},
    LauncherVariable{"PRTE_MCA_prte_tag_output", "tag-output", flag},
    LauncherVariable{"PRTE_MCA_prte_timestamp_output", "timestamp-output", flag},
    LauncherVariable{"PRTE_MCA_prte_output_filename", "output-filename"},
    LauncherVariable{"PRTE_MCA_rmaps_default_mapping_policy", "map-by"},
    LauncherVariable{"PRTE_MCA_rmaps_default_ranking_policy", "rank-by"},
    LauncherVariable{"PRTE_MCA_hwloc_default_cpu_list", "cpu-set"},
    LauncherVariable{"PRTE_MCA_hwloc_default_binding_policy", "bind-to"},
};
constexpr std::array places{
    ParameterFilePlace{"/etc/openmpi/openmpi-mca-params.conf", "OMPI_MCA_"},
    ParameterFilePlace{"/etc/openmpi/prte-mca-params.conf", "PRTE_MCA_"},
    ParameterFilePlace{"$CONDA_PREFIX/etc/openmpi-mca-params.conf", "OMPI_MCA_"},
    ParameterFilePlace{"$CONDA_PREFIX/etc/prte-mca-params.conf", "PRTE_MCA_"},
    ParameterFilePlace{"$OPAL_PREFIX/etc/openmpi-mca-params.conf", "OMPI_MCA_"},
    ParameterFilePlace{"$OPAL_PREFIX/etc/prte-mca-params.conf", "PRTE_MCA_"},
    ParameterFilePlace{"$HOME/.openmpi/mca-params.conf", "OMPI_MCA_"},
    ParameterFilePlace{"$HOME/.prte/mca-params.conf", "PRTE_MCA_"},
};

struct Named {
    std::string_view name;
    Dialects personality;
};
constexpr std::array programs{
    Named{"mpiexec.hydra", hydra}, Named{"mpiexec.mpich", hydra}, Named{"mpirun.mpich", hydra},
    Named{"mpirun.hydra", hydra},  Named{"prterun", openmpi5},    Named{"prun", openmpi5},
};
constexpr std::array personalities{
    Named{"ompi", openmpi4},  Named{"ompi4", openmpi4}, Named{"openmpi", openmpi4},
    Named{"ompi5", openmpi5}, Named{"prte", openmpi5},  Named{"prrte", openmpi5},
    Named{"hydra", hydra},    Named{"mpich", hydra},    Named{"intel", hydra},
};
// clang-format on

Dialects find(std::span<const Named> all, std::string_view name, Dialects otherwise) {
    const auto found = std::ranges::find(all, name, &Named::name);
    return found == all.end() ? otherwise : found->personality;
}

bool is_true(std::string_view value) {
    constexpr std::array<std::string_view, 5> words{"1", "true", "yes", "t", "enabled"};
    return std::ranges::find(words, value) != words.end();
}

bool is_number(std::string_view value) {
    return !value.empty() && value.find_first_not_of("0123456789") == value.npos;
}

std::string word_for(const LauncherVariable& variable, const std::string& value) {
    const std::string option = "--" + std::string{variable.option};
    switch (variable.meaning) {
    case Meaning::value:
        return value.empty() ? "" : option + "=" + value;
    case number:
        return is_number(value) ? option + "=" + value : "";
    case flag:
        return is_true(value) ? option : "";
    case word:
        return value == "all" || value == "none" ? option + value : "";
    }
    return "";
}

}  // namespace

std::span<const LauncherVariable> launcher_variables() noexcept {
    return variables;
}

std::span<const ParameterFilePlace> parameter_file_places() noexcept {
    return places;
}

std::vector<AskedByVariable> asked_by(const VariableMap& set) {
    std::vector<AskedByVariable> asked;
    for (const LauncherVariable& variable : variables) {
        const auto found = set.find(variable.name);
        if (found == set.end()) continue;
        std::string word = word_for(variable, found->second);
        if (!word.empty()) asked.push_back({found->first, std::move(word)});
    }
    return asked;
}

Dialects personality_of_program(std::string_view path) noexcept {
    return find(programs, path.substr(path.rfind('/') + 1), openmpi4);
}

Dialects personality_named(std::string_view name) noexcept {
    return find(personalities, name, Dialects{});
}

}  // namespace vrun::launcher
