# SPDX-License-Identifier: Apache-2.0
"""Throughput of the ranks' output and of rank 0's input."""

import shlex
import statistics

import rivals
from measure import WRITER, Failed, samples, show


def output(setting):
    """Lines of 100 bytes from 1 and 16 ranks, on vrun's host and on another one."""
    rows = []
    here, there = setting.hosts(2)[:2]
    for ranks in (1, 16):
        megabytes = max(1, setting.megabytes // ranks)
        program = [WRITER, str(megabytes)]
        for where, target in (("same host", here), ("other host", there)):
            vrun = ["vrun", "-n", str(ranks), "--oversubscribe", "--host", target.name, *program]
            commands = [("vrun", vrun)]
            if target is here and setting.has_rivals:
                commands.append(("mpirun.openmpi", rivals.openmpi(ranks, [here], program)))
            for name, command in commands:
                for sink in ("/dev/null", "a pipe"):
                    rows.append([name, ranks, where, sink,
                                 speed(setting, here, command, sink, megabytes * ranks)])
    show("output, MB/s", ["by", "ranks", "where", "to", "MB/s"], rows)


def speed(setting, host, command, sink, megabytes):
    if not command:
        return "not installed"
    if sink == "a pipe":
        command = ["sh", "-c", f"{shlex.join(command)} | cat > /dev/null"]
    return rate_of(setting, host, command, megabytes)


def rate_of(setting, host, command, megabytes):
    try:
        walls = [s.wall for s in samples(host, command, rounds=setting.stream_rounds, timeout=120)]
    except Failed as failure:
        return str(failure)
    return f"{1000 * megabytes / statistics.median(walls):.0f}"


def input(setting):  # noqa: A001  (the name of the part, as users type it)
    """A pipe's bytes into rank 0, on vrun's host and on another one."""
    here, there = setting.hosts(2)[:2]
    rows = []
    megabytes = max(1, setting.megabytes // 4)
    for where, target in (("same host", here), ("other host", there)):
        script = f"{WRITER} {megabytes} | vrun -n 1 --host {target.name} wc -c"
        rows.append(["vrun", where, rate_of(setting, here, ["sh", "-c", script], megabytes)])
    mpirun = rivals.openmpi(1, [here], ["wc", "-c"])
    if setting.has_rivals and mpirun:
        script = f"{WRITER} {megabytes} | {shlex.join(mpirun)}"
        rows.append(["mpirun.openmpi", "same host",
                     rate_of(setting, here, ["sh", "-c", script], megabytes)])
    show("input of rank 0, MB/s", ["by", "where", "MB/s"], rows)
