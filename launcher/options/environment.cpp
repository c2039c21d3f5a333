// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

using Kind = EnvironmentChange::Kind;
using Changes = std::vector<EnvironmentChange>;

constexpr std::string_view ompi = "OMPI_MCA_", prte = "PRTE_MCA_", pmix = "PMIX_MCA_";

Changes& of_app(Settings& settings) {
    return settings.apps.back().environment;
}

// What stands before the first program holds for all, as mpirun has it.
Changes& of_context(Settings& settings) {
    return settings.apps.size() > 1 ? of_app(settings) : settings.environment;
}

std::optional<Error> add_export(Changes& changes, std::string_view text) {
    if (text.empty() || text.front() == '=')
        return Error{OptionErrc::not_a_variable, std::string{text}};
    const std::size_t equals = text.find('=');
    std::string name{text.substr(0, equals)};
    if (equals == text.npos) {
        changes.push_back({Kind::pass, std::move(name), ""});
    } else {
        changes.push_back({Kind::set, std::move(name), std::string{text.substr(equals + 1)}});
    }
    return std::nullopt;
}

std::optional<Error> add_named(Changes& changes, Kind kind, std::string_view name) {
    if (name.empty()) return Error{OptionErrc::empty_value, ""};
    changes.push_back({kind, std::string{name}, ""});
    return std::nullopt;
}

std::optional<Error> add_plain(Changes& changes, Kind kind) {
    changes.push_back({kind, "", ""});
    return std::nullopt;
}

// "LD_LIBRARY_PATH[:]=dir"
std::optional<Error> add_joined(Changes& changes, Kind kind, std::string_view text) {
    const std::size_t open = text.find('[');
    const std::size_t close = text.find("]=");
    if (open == text.npos || open == 0 || close == text.npos || close < open)
        return Error{OptionErrc::not_a_separator, std::string{text.substr(0, text.find('='))}};
    changes.push_back({kind, std::string{text.substr(0, open)}, std::string{text.substr(close + 2)},
                       std::string{text.substr(open + 1, close - open - 1)}});
    return std::nullopt;
}

std::optional<Error> put_before(Changes& changes, std::string_view name, std::string_view value) {
    if (value.empty()) return Error{OptionErrc::empty_value, ""};
    changes.push_back({Kind::prepend, std::string{name}, std::string{value}, ":"});
    return std::nullopt;
}

std::optional<Error> put_prefix(Changes& changes, std::string_view directory) {
    if (directory.empty()) return Error{OptionErrc::empty_value, ""};
    (void)put_before(changes, "PATH", std::string{directory} + "/bin");
    return put_before(changes, "LD_LIBRARY_PATH", std::string{directory} + "/lib");
}

// `text` is "name=value".
std::optional<Error> add_parameter(Changes& changes, std::string_view prefix,
                                   std::string_view text) {
    if (text.empty() || text.front() == '=')
        return Error{OptionErrc::not_a_variable, std::string{text}};
    return add_export(changes, std::string{prefix} + std::string{text});
}

std::optional<Error> set_parameter(Settings& settings, std::string_view name,
                                   std::string_view value) {
    if (value.empty()) return Error{OptionErrc::empty_value, ""};
    settings.environment.push_back(
        {Kind::set, std::string{ompi} + std::string{name}, std::string{value}});
    return std::nullopt;
}

std::optional<Error> add_files(Settings& settings, ParameterFile::Kind kind,
                               std::string_view list) {
    if (list.empty()) return Error{OptionErrc::empty_value, ""};
    for (const std::string_view path : parts_of(list, ','))
        settings.parameter_files.push_back({kind, std::string{path}});
    return std::nullopt;
}

// The shepherds read the variable.
std::optional<Error> add_exports(Changes& changes, std::string_view text) {
    if (text != "torch") return Error{OptionErrc::not_an_export, std::string{text}};
    return add_export(changes, "VRUN_EXPORT=" + std::string{text});
}

// clang-format off
constexpr std::array table{
    Option{"wdir wd", "DIR", every_dialect, Scope::app,
           "start the processes in DIR (default: the current directory)",
           [](Settings& s, std::string_view v) { return set_text(s.apps.back().workdir, v); }},
    Option{"path", "DIRS", every_dialect, Scope::app,
           "put DIRS before PATH, where programs are looked for",
           [](Settings& s, std::string_view v) { return put_before(of_app(s), "PATH", v); }},
    Option{"prefix", "DIR", openmpi, Scope::app,
           "put DIR/bin before PATH and DIR/lib before LD_LIBRARY_PATH",
           [](Settings& s, std::string_view v) { return put_prefix(of_app(s), v); }},
    silent("noprefix", "", openmpi, "without --prefix there is none"),
    Option{"x", "NAME[=VALUE]", openmpi, Scope::app,
           "set a variable for the processes, or pass it on; 'NAME*': all that begin so",
           [](Settings& s, std::string_view v) { return add_export(of_app(s), v); }},
    Option{"set-env", "NAME=VALUE", openmpi5, Scope::app,
           "set a variable for the processes",
           [](Settings& s, std::string_view v) { return add_export(of_app(s), v); }},
    Option{"unset-env", "NAME", openmpi5, Scope::app,
           "the processes do not see this variable",
           [](Settings& s, std::string_view v) { return add_named(of_app(s), Kind::unset, v); }},
    Option{"prepend-env prepend-envar", "NAME[SEPARATOR] VALUE", openmpi5, Scope::app,
           "put VALUE before that of the variable: --prepend-env PATH[:] DIR",
           [](Settings& s, std::string_view v) { return add_joined(of_app(s), Kind::prepend, v); }},
    Option{"append-env append-envar", "NAME[SEPARATOR] VALUE", openmpi5, Scope::app,
           "put VALUE after that of the variable",
           [](Settings& s, std::string_view v) { return add_joined(of_app(s), Kind::append, v); }},
    Option{"genv", "NAME VALUE", hydra, Scope::job,
           "set a variable for all processes",
           [](Settings& s, std::string_view v) { return add_export(s.environment, v); }},
    Option{"genvlist", "NAME,...", hydra, Scope::job,
           "the processes see only these of your variables, and what a login sets",
           [](Settings& s, std::string_view v) { return add_named(s.environment, Kind::only, v); }},
    Option{"genvnone", "", hydra, Scope::job,
           "the processes see none of your variables, only what a login sets",
           [](Settings& s, std::string_view) { return add_plain(s.environment, Kind::none); }},
    Option{"genvall", "", hydra, Scope::job,
           "the processes see your variables, except those of your host (default)",
           [](Settings& s, std::string_view) { return add_plain(s.environment, Kind::all); }},
    Option{"env", "NAME VALUE", hydra, Scope::app,
           "as -genv, for the program that follows",
           [](Settings& s, std::string_view v) { return add_export(of_app(s), v); }},
    Option{"envlist", "NAME,...", hydra, Scope::app,
           "as -genvlist, for the program that follows",
           [](Settings& s, std::string_view v) { return add_named(of_app(s), Kind::only, v); }},
    Option{"envnone", "", hydra, Scope::app,
           "as -genvnone, for the program that follows",
           [](Settings& s, std::string_view) { return add_plain(of_app(s), Kind::none); }},
    Option{"envall", "", hydra, Scope::app,
           "as -genvall, for the program that follows",
           [](Settings& s, std::string_view) { return add_plain(of_app(s), Kind::all); }},
    Option{"mca omca", "NAME VALUE", openmpi, Scope::app,
           "set an MCA parameter: OMPI_MCA_NAME; before the first program, for all of them",
           [](Settings& s, std::string_view v) { return add_parameter(of_context(s), ompi, v); }},
    Option{"gmca gomca", "NAME VALUE", openmpi, Scope::job,
           "set an MCA parameter for all programs: OMPI_MCA_NAME",
           [](Settings& s, std::string_view v) { return add_parameter(s.environment, ompi, v); }},
    Option{"prtemca gprtemca", "NAME VALUE", openmpi5, Scope::job,
           "set an MCA parameter of PRRTE: PRTE_MCA_NAME",
           [](Settings& s, std::string_view v) { return add_parameter(s.environment, prte, v); }},
    Option{"pmixmca", "NAME VALUE", openmpi5, Scope::app,
           "set an MCA parameter of PMIx: PMIX_MCA_NAME",
           [](Settings& s, std::string_view v) { return add_parameter(of_context(s), pmix, v); }},
    Option{"gpmixmca", "NAME VALUE", openmpi5, Scope::job,
           "set an MCA parameter of PMIx for all programs: PMIX_MCA_NAME",
           [](Settings& s, std::string_view v) { return add_parameter(s.environment, pmix, v); }},
    Option{"am", "FILE,...", openmpi, Scope::job,
           "set the MCA parameters of these files, 'name = value' a line",
           [](Settings& s, std::string_view v) {
               return add_files(s, ParameterFile::Kind::values, v);
           }},
    Option{"tune", "FILE,...", openmpi, Scope::job,
           "the same; a line may also be '-mca NAME VALUE -x NAME=VALUE'",
           [](Settings& s, std::string_view v) {
               return add_files(s, ParameterFile::Kind::tune, v);
           }},
    Option{"display-comm", "", openmpi5, Scope::job,
           "Open MPI shows in MPI_Init by which transports processes talk",
           [](Settings& s, std::string_view) {
               return set_parameter(s, "ompi_display_comm", "mpi_init");
           }},
    Option{"display-comm-finalize", "", openmpi5, Scope::job,
           "Open MPI shows in MPI_Finalize by which transports processes talked",
           [](Settings& s, std::string_view) {
               return set_parameter(s, "ompi_display_comm", "mpi_finalize");
           }},
    Option{"initial-errhandler", "NAME", openmpi5, Scope::job,
           "the error handler that Open MPI begins with: mpi_errors_return, …",
           [](Settings& s, std::string_view v) {
               return set_parameter(s, "mpi_initial_errhandler", v);
           }},
    Option{"gpu-support", "0|1", openmpi5, Scope::job,
           "whether Open MPI looks for buffers in GPU memory",
           [](Settings& s, std::string_view v) {
               return set_parameter(s, "opal_cuda_support", v);
           }},
    Option{"export", "torch", every_dialect, Scope::job,
           "torch: set RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, NODE_RANK, MASTER_ADDR, "
           "MASTER_PORT as well",
           [](Settings& s, std::string_view v) { return add_exports(s.environment, v); }},
    noted("memory-alloc-kinds", "KINDS", every_dialect,
          "the library itself says in MPI_Info what it supports"),
    refused("set-cwd-to-session-dir", "", openmpi,
            "the job's own directory is in TMPDIR; let the program enter it"),
};
// clang-format on

}  // namespace

Section environment_section() {
    return {"What the processes see", table};
}

}  // namespace vrun::launcher
