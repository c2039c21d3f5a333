// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    noted("launch-agent", "COMMAND", openmpi,
          "vrund is there already; nothing is started by a command"),
    noted("launcher bootstrap", "NAME", hydra,
          "vrund is there already; nothing is started by ssh or by a batch system"),
    noted("launcher-exec bootstrap-exec", "COMMAND", hydra,
          "vrund is there already; nothing is started by a command"),
    noted("rmk", "NAME", hydra, "vrund knows its hosts: see its --discovery"),
    noted("enable-x disable-x", "", hydra, "there is no ssh that could forward X"),
    noted("leave-session-attached", "", openmpi, "vrund stays and says what it has to say"),
    noted("debug-daemons debug-daemons-file debug-devel d", "", openmpi,
          "see the log of vrund: its --log-level debug"),
    noted("set-sid daemonize no-ready-msg", "", openmpi5, "vrund runs already"),
    noted("keepalive", "PIPE", openmpi5, "processes end when vrun does"),
    noted("tmpdir", "DIR", openmpi5, "each job has its own directory on each host: its TMPDIR"),
    noted("enable-instant-on-support fwd-mpirun-port use-regexp", "", openmpi,
          "it is about how mpirun starts its daemons"),
    noted("novm", "", openmpi, "only the hosts of a job take part in it"),
    noted("profile", "", hydra, "it is about mpiexec itself"),
    noted("demux", "NAME", hydra, "it is about mpiexec itself"),
    silent("pmi-port", "", hydra, "a process finds its server by what its library understands"),
    silent("hybrid-hosts", "", hydra, "hosts may differ"),
    refused("dvm", "[WHICH]", openmpi,
            "vrund is always there; a job needs nothing started before it"),
    refused("dvm-uri hnp", "URI", openmpi, "vrund is found by itself, or by --socket"),
    refused("singleton", "ID", openmpi5, "it is how a library calls prterun; vrun is not that"),
    refused("debug tv", "", openmpi, "start a debugger as the program: vrun -n 4 gdbserver …"),
    refused("debugger", "NAME", openmpi, "start a debugger as the program: vrun -n 4 gdbserver …"),
    refused("output-proctable", "[FILE]", openmpi, "'vrun -v' says which ranks run where"),
    refused("stop-on-exec stop-in-init stop-in-app", "[RANKS]", openmpi5,
            "there is no debugger to wait for; send SIGSTOP, or let the program wait"),
};
// clang-format on

}  // namespace

Section daemon_section() {
    return {"How other launchers start their daemons", table};
}

}  // namespace vrun::launcher
