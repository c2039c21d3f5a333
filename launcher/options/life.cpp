// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/life_words.hpp"
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

using enum wire::Verdict;

std::optional<Error> add_files(std::vector<std::string>& files, std::string_view list) {
    if (list.empty()) return Error{OptionErrc::empty_value, ""};
    for (const std::string_view file : parts_of(list, ','))
        files.emplace_back(file);
    return std::nullopt;
}

std::optional<Error> tolerate(Settings& settings, wire::Verdict exited, wire::Verdict died) {
    return set_to(settings.life.tolerance, wire::Tolerance{exited, died});
}

// clang-format off
constexpr std::array table{
    Option{"preload-binary s", "", openmpi, Scope::app,
           "bring the program to every host that lacks it, for the time of the job",
           [](Settings& s, std::string_view) { return set(s.apps.back().preload_binary); }},
    Option{"preload-files", "FILE,...", openmpi, Scope::app,
           "bring these files to where the processes start, on every host that lacks them",
           [](Settings& s, std::string_view v) {
               return add_files(s.apps.back().preload_files, v);
           }},
    Option{"preload-files-dest-dir", "DIR", openmpi, Scope::app,
           "bring them to DIR instead (from where the processes start)",
           [](Settings& s, std::string_view v) {
               return set_text(s.apps.back().preload_directory, v);
           }},
    Option{"timeout", "SECONDS", openmpi, Scope::job,
           "end the job after so long, with exit code 110 (default: $MPIEXEC_TIMEOUT)",
           [](Settings& s, std::string_view v) { return set_time(s.life.timeout, v); }},
    Option{"report-state-on-timeout", "", openmpi, Scope::job,
           "say what each process was doing when the time was over",
           [](Settings& s, std::string_view) { return set(s.life.tells_state); }},
    Option{"get-stack-traces", "", openmpi, Scope::job,
           "say where each process stood when the time was over; its host needs gstack, eu-stack or gdb",
           [](Settings& s, std::string_view) { return set(s.life.tells_stacks); }},
    Option{"spawn-timeout", "SECONDS", openmpi5, Scope::job,
           "end the job, with 110, when not all processes have started after so long",
           [](Settings& s, std::string_view v) { return set_time(s.life.spawn_timeout, v); }},
    Option{"wait", "TIME", every_dialect, Scope::job,
           "wait so long for hosts and slots that are not there yet: 60, 60s, 5m, 1:00:00",
           [](Settings& s, std::string_view v) { return set_time_with_unit(s.life.wait, v); }},
    Option{"enable-recovery continuous", "", openmpi, Scope::job,
           "when a process fails the others go on, and its failure does not count (docs/exit-codes.md)",
           [](Settings& s, std::string_view) { return tolerate(s, forgiven, forgiven); }},
    Option{"disable-recovery", "", openmpi, Scope::job,
           "the first failure ends the job (default)",
           [](Settings& s, std::string_view) { return tolerate(s, ends, ends); }},
    Option{"disable-auto-cleanup", "", hydra, Scope::job,
           "when a process fails the others go on; the job returns the code of the first that failed",
           [](Settings& s, std::string_view) { return tolerate(s, counts, counts); }},
    Option{"enable-auto-cleanup", "", hydra, Scope::job,
           "the first failure ends the job (default)",
           [](Settings& s, std::string_view) { return tolerate(s, ends, ends); }},
    Option{"runtime-options rto", "WORD,...", openmpi5, Scope::job,
           "recoverable, continuous, error-nonzero-status=0, timeout=SECONDS, spawn-timeout=SECONDS, "
           "report-state-on-timeout, get-stack-traces, show-progress, donotlaunch",
           [](Settings& s, std::string_view v) { return set_runtime_options(s, v); }},
    Option{"report-pid", "-|+|FILE", openmpi, Scope::job,
           "write vrun's process id to standard output, standard error or FILE",
           [](Settings& s, std::string_view v) { return set_text(s.life.pid_to, v); }},
    Option{"report-uri", "-|+|FILE", openmpi, Scope::job,
           "write the job's number and the address of its first host, as OMPI_MCA_orte_hnp_uri has them",
           [](Settings& s, std::string_view v) { return set_text(s.life.uri_to, v); }},
    Option{"forward-signals", "NAME,...|none", openmpi5, Scope::job,
           "pass these signals on as well (always: USR1 USR2 ABRT ALRM TSTP CONT), or none at all",
           [](Settings& s, std::string_view v) { return set_signals(s.life.signals, v); }},
    Option{"detach", "[=TTL]", every_dialect, Scope::job,
           "print the job's id once it runs, and leave it alone; it outlives this host's daemon for TTL "
           "(24h; docs/jobs.md)",
           [](Settings& s, std::string_view v) { return set_ttl(s.life.detach, v); }},
    Option{"show-progress", "", openmpi, Scope::job,
           "on a terminal, show from the first moment how the start goes (default: after a second)",
           [](Settings& s, std::string_view) { return set(s.life.shows_progress_at_once); }},
    silent("allow-run-as-root", "", openmpi, "vrun does as it is told, also as root"),
    noted("report-child-jobs-separately", "", openmpi,
          "the exit code is that of the job on the command line anyway"),
    noted("print-all-exitcodes", "", hydra, "the first failure is told, with its rank and host"),
    noted("report-events", "URI", openmpi, "there is no tool to report to; ask with 'vrunctl'"),
    refused("max-restarts", "COUNT", openmpi, "a process that failed is not started again"),
    refused("with-ft", "WORD", openmpi5,
            "processes are not told of the failure of others; with --enable-recovery they go on"),
    refused("ompi-server", "URI", openmpi, "jobs cannot publish names to each other"),
    refused("nameserver", "HOST:PORT", hydra, "jobs cannot publish names to each other"),
};
// clang-format on

}  // namespace

Section life_section() {
    return {"Files, failures, time", table};
}

}  // namespace vrun::launcher
