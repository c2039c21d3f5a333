// SPDX-License-Identifier: Apache-2.0
#include "launcher/environment.hpp"

#include "launcher/options/values.hpp"
#include "wire/base/escape.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace vrun::launcher {
namespace {

// Names that an inherited environment loses, and those that it keeps nevertheless. A name that ends
// in '*' is a prefix. Whoever wants one of them all the same gives it with -x.
constexpr std::array dropped{
    // of the host, or of the shell that vrun was typed in
    "HOSTNAME", "HOST", "PWD", "OLDPWD", "_", "SHLVL", "TMPDIR", "TMP", "TEMP", "VRUN_NODE_NAME",
    "VRUN_NODE", "VRUN_JOB_ID", "VRUN_RANK",
    // of its screen, its login and its service manager: sockets and numbers that only it knows
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "WINDOWID", "SSH_*", "GPG_TTY", "GPG_AGENT_INFO",
    "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_SESSION_*", "XDG_SEAT*", "XDG_VTNR", "TMUX",
    "TMUX_PANE", "STY", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
    "JOURNAL_STREAM", "INVOCATION_ID", "WATCHDOG_PID", "WATCHDOG_USEC",
    // of an outer launcher: they say which rank of which job one is, and where its servers are
    "PMI_*", "PMIX_*", "PMI2_*", "HYDI_*", "HYDRA_*", "MPI_LOCALRANKID", "MPI_LOCALNRANKS",
    "MPIR_CVAR_CH3_INTERFACE_HOSTNAME", "MV2_COMM_WORLD_*", "PRTE_*", "PRTERUN_*", "JSM_*",
    "FLUX_*", "PALS_*", "ALPS_*", "SLURM_*", "SLURMD_*", "OMPI_COMM_WORLD_*", "OMPI_WORLD_*",
    "OMPI_UNIVERSE_SIZE", "OMPI_NUM_APP_CTX", "OMPI_FIRST_RANKS", "OMPI_APP_CTX_NUM_PROCS",
    "OMPI_FILE_LOCATION", "OMPI_COMMAND", "OMPI_ARGV", "OMPI_PARENT_PORT", "OMPI_MCA_orte_*",
    "OMPI_MCA_ess*", "OMPI_MCA_schizo*", "OMPI_MCA_pmix*", "OMPI_MCA_num_procs",
    "OMPI_MCA_initial_wdir", "OMPI_MCA_cpu_type", "OMPI_MCA_mpi_oversubscribe",
    "OMPI_MCA_shmem_RUNTIME_QUERY_hint", "OMPI_MCA_PREFIXES", "OMPI_MCA_mca_base_component_path",
    "OMPI_LIBDIR_LOC", "OMPI_TOOL_NAME", "OMPI_VERSION", "OPAL_USER_PARAMS_GIVEN",
    // vrun binds; a library that did it as well would bind within that
    "OMPI_MCA_hwloc_base_binding_policy"};
constexpr std::array kept{
    "PMIX_MCA_*",  // people's choices for the client library, not a place
                   // of the allocation, not of a step in it: scripts name files by these
    "SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_SUBMIT_DIR", "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID", "SLURM_CPUS_PER_TASK"};

bool matches(std::string_view pattern, std::string_view name) {
    if (!pattern.ends_with('*')) return pattern == name;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

// What a login on another host sets.
constexpr std::array<std::string_view, 5> login_names{"HOME", "LOGNAME", "PATH", "SHELL", "USER"};

using Variables = std::map<std::string, std::string, std::less<>>;

Variables variables_of(const std::vector<std::string>& environment) {
    Variables variables;
    for (const std::string& assignment : environment) {
        const std::size_t equals = assignment.find('=');
        if (equals == assignment.npos || equals == 0) continue;
        variables[assignment.substr(0, equals)] = assignment.substr(equals + 1);
    }
    return variables;
}

// The variables of one program, as the options change them.
class Changing {
public:
    explicit Changing(const Variables& caller) : caller_{caller} { inherit_all(); }

    void apply(const EnvironmentChange& change) {
        using Kind = EnvironmentChange::Kind;
        switch (change.kind) {
        case Kind::pass:
            return pass(change.name);
        case Kind::set:
            return set(change.name, change.value);
        case Kind::unset:
            values_.erase(change.name);
            return;
        case Kind::prepend:
            return join(change, /*in_front=*/true);
        case Kind::append:
            return join(change, /*in_front=*/false);
        case Kind::only:
            return inherit_only(change.name);
        case Kind::none:
            return inherit_login();
        case Kind::all:
            return inherit_all();
        }
    }

    Assignments assignments() const {
        Assignments result;
        for (const auto& [name, value] : values_)
            result.push_back(name + '=' + value);
        return result;
    }
    const std::set<std::string>& missing() const { return missing_; }

private:
    void inherit_all() {
        for (const auto& [name, value] : caller_)
            if (is_inherited(name)) inherit(name, value);
    }

    // What was set by other options stays.
    void inherit_login() {
        for (const std::string& name : inherited_)
            values_.erase(name);
        inherited_.clear();
        for (const std::string_view name : login_names)
            inherit_if_there(name);
    }

    void inherit_only(std::string_view list) {
        inherit_login();
        for (const std::string_view name : parts_of(list, ','))
            inherit_if_there(name);
    }

    void inherit_if_there(std::string_view name) {
        if (const auto found = caller_.find(name); found != caller_.end())
            inherit(found->first, found->second);
    }

    void inherit(const std::string& name, const std::string& value) {
        if (values_.try_emplace(name, value).second) inherited_.insert(name);
    }

    void set(const std::string& name, const std::string& value) {
        values_[name] = value;
        inherited_.erase(name);
    }

    void pass(const std::string& name) {
        bool is_there = false;
        for (const auto& [known, value] : caller_) {
            if (!matches(name, known)) continue;
            set(known, value);
            is_there = true;
        }
        if (!is_there) missing_.insert(name);
    }

    void join(const EnvironmentChange& change, bool in_front) {
        const std::string old = values_[change.name];
        if (old.empty()) return set(change.name, change.value);
        set(change.name, in_front ? change.value + change.separator + old
                                  : old + change.separator + change.value);
    }

    const Variables& caller_;
    Variables values_;
    std::set<std::string> inherited_;  // of the names in `values_`
    std::set<std::string> missing_;
};

std::string name_of(const std::string& assignment) {
    return assignment.substr(0, assignment.find('='));
}

// Moves what is in all lists to one of its own.
Assignments take_common(std::vector<Assignments>& lists) {
    Assignments common = lists.front();
    for (const Assignments& list : lists) {
        Assignments both;
        std::ranges::set_intersection(common, list, std::back_inserter(both));
        common = std::move(both);
    }
    for (Assignments& list : lists) {
        Assignments rest;
        std::ranges::set_difference(list, common, std::back_inserter(rest));
        list = std::move(rest);
    }
    return common;
}

}  // namespace

bool is_inherited(std::string_view variable_name) {
    const auto matches_name = [&](std::string_view pattern) {
        return matches(pattern, variable_name);
    };
    return std::ranges::any_of(kept, matches_name) || std::ranges::none_of(dropped, matches_name);
}

PassedEnvironment passed_environment(const Settings& settings,
                                     const std::vector<std::string>& caller) {
    const Variables variables = variables_of(caller);
    PassedEnvironment passed;
    std::set<std::string> missing, seen;
    for (const AppSettings& app : settings.apps) {
        Changing changing{variables};
        for (const EnvironmentChange& change : settings.environment)
            changing.apply(change);
        for (const EnvironmentChange& change : app.environment)
            changing.apply(change);
        missing.insert(changing.missing().begin(), changing.missing().end());
        Assignments& list = passed.of_app.emplace_back(changing.assignments());
        std::ranges::transform(list, std::inserter(seen, seen.end()), name_of);
        std::ranges::sort(list);  // by the whole text: "A=1" and "A-B=1" are in another order
    }
    for (const auto& [name, value] : variables)
        if (!seen.contains(name)) passed.kept.push_back(name);
    for (const std::string& name : missing)
        passed.notices.push_back("-x " + name + ": there is no such variable here; not passed on");
    passed.of_all = take_common(passed.of_app);
    return passed;
}

std::vector<std::string> environment_lines(const Settings& settings,
                                           const PassedEnvironment& passed) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < settings.apps.size(); ++i) {
        const std::vector<std::string>& argv = settings.apps[i].argv;
        lines.push_back("variables of " + escaped(argv.empty() ? "" : argv.front()) + ":");
        Assignments all;
        std::ranges::merge(passed.of_all, passed.of_app[i], std::back_inserter(all));
        for (const std::string& assignment : all)
            lines.push_back("  " + escaped(assignment));
    }
    lines.push_back("kept back:");
    for (const std::string& name : passed.kept)
        lines.push_back("  " + escaped(name));
    return lines;
}

}  // namespace vrun::launcher
