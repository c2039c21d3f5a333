# SPDX-License-Identifier: Apache-2.0
"""Launch times: vrun beside other launchers and beside the bare cost of its processes."""

import re
import statistics

import rivals
from measure import Contest, Failed, samples, show

COLD_STARTS = 3
FEW_ROUNDS_FROM = 64  # ranks of an MPI program: one launch takes seconds of CPU time
PHASES = ("connect", "plan", "spawn", "wire-up", "run", "drain", "all")


def vrun(ranks, hosts, program):
    command = ["vrun", "-n", str(ranks), "--oversubscribe"]
    if len(hosts) > 1:
        command += ["--map-by", "node"]
    return [*command, *program]


def one(host, command, **options):
    return lambda: samples(host, command, **options)[0]


def contestants(setting, ranks, hosts, what):
    """{name: how to measure one launch} for `true` or `hello`."""
    host = hosts[0]
    ours = ["true"] if what == "true" else [rivals.HELLO_OPENMPI, str(ranks)]
    mpich = ["true"] if what == "true" else [rivals.HELLO_MPICH, str(ranks)]
    found = {"bare": one(host, ["true"], copies=ranks), "vrun": one(host, vrun(ranks, hosts, ours))}
    if not setting.has_rivals or (len(hosts) > 1 and not setting.has_ssh):
        return found
    for name, command in (("mpirun.openmpi", rivals.openmpi(ranks, hosts, ours)),
                          ("mpiexec.hydra", rivals.hydra(ranks, hosts, mpich))):
        if command:
            found[name] = one(host, command, timeout=setting.limit)
    return found


def rounds_for(setting, ranks, what):
    few = what == "hello" and ranks >= FEW_ROUNDS_FROM
    return max(1, setting.rounds // 3) if few else setting.rounds


def launch(setting):
    """Wall times of `true` and of an MPI hello: cold, then warm, one host and many."""
    for hosts in setting.layouts():
        rows = []
        for ranks in setting.ranks:
            rows.append(["true", ranks, "vrun, first job", *cold(setting, ranks, hosts)])
            for what in ("true", "hello"):
                rounds = rounds_for(setting, ranks, what)
                contest = Contest(contestants(setting, ranks, hosts, what))
                contest.run(1)  # warm: the daemons have their connections and shepherds
                contest.samples = {name: [] for name in contest.samples}
                contest.run(rounds)
                rows += [[what, ranks, f"{name} (x{rounds})", *contest.cells(name)]
                         for name in contest.contestants]
        show(f"launch on {len(hosts)} host(s), ms",
             ["program", "ranks", "by", "median", "least", "of bare"], rows)


def cold(setting, ranks, hosts):
    """The first job of daemons that have just started."""
    walls = []
    for _ in range(min(COLD_STARTS, setting.rounds)):
        setting.restart(hosts)
        try:
            walls += [samples(hosts[0], vrun(ranks, hosts, ["true"]))[0].wall]
        except Failed as failure:
            return [str(failure), "", ""]
    return [f"{statistics.median(walls):.1f}", f"{min(walls):.1f}", ""]


def phases(setting):
    """Where the time of one launch goes: `vrun --timing`."""
    for hosts in setting.layouts():
        rows = []
        for what in ("true", "hello"):
            for ranks in setting.ranks:
                program = ["true"] if what == "true" else [rivals.HELLO_OPENMPI, str(ranks)]
                rounds = rounds_for(setting, ranks, what)
                rows.append([what, ranks, *phase_medians(hosts, ranks, program, rounds)])
        show(f"phases of a launch on {len(hosts)} host(s), medians, ms", ["program", "ranks", *PHASES],
             rows)


def phase_medians(hosts, ranks, program, rounds):
    command = vrun(ranks, hosts, program)
    command.insert(1, "--timing")
    found = {phase: [] for phase in PHASES}
    for _ in range(rounds + 1):
        ended = hosts[0].run(command)
        for phase, time in re.findall(r"timing: (\S+) +([\d.]+) ms", ended.err):
            found[phase].append(float(time))
    return [f"{statistics.median(times[1:] or [0]):.1f}" for times in found.values()]


def rate(setting):
    """Jobs per second, back to back."""
    host = setting.hosts(1)[0]
    count = setting.rounds * 10
    rows = []
    commands = [("bare", ["true"]), ("vrun", vrun(1, [host], ["true"]))]
    if setting.has_rivals:
        commands += [("mpirun.openmpi", rivals.openmpi(1, [host], ["true"])),
                     ("mpiexec.hydra", rivals.hydra(1, [host], ["true"]))]
    for name, command in commands:
        if not command:
            continue
        try:
            walls = [s.wall for s in samples(host, command, rounds=count, timeout=count * 2 + 10)]
            rows.append([name, count, f"{1000 * count / sum(walls):.0f}"])
        except Failed as failure:
            rows.append([name, count, str(failure)])
    show("jobs of one `true`, back to back", ["by", "jobs", "per second"], rows)
