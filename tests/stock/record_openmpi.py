# SPDX-License-Identifier: Apache-2.0
"""Asks a stock mpirun of Open MPI 4.1 where it would place and bind ranks, and writes the answers
as the table that tests/unit/daemon/stock_placement_test.cpp compares with ours.

    python3 tests/stock/record_openmpi.py > tests/unit/daemon/stock_placement.txt

Nothing is launched (--do-not-launch) and the hosts do not exist; --novm makes mpirun compute the
bindings of every host itself, and its verbose words name them. The machines are hwloc's synthetic
ones, which every host is told to be."""

import os
import re
import subprocess
import sys
import tempfile

MACHINES = {
    "two": "pack:2 [numa] l3:1 l2:4 l1d:1 core:1 pu:2",
    "small": "pack:1 [numa] core:2 pu:1",
    "four": "pack:2 group:2 [numa] l3:1 core:3 pu:1",
    "chiplets": "pack:1 [numa] l3:4 core:4 pu:2",
}

OBJECTS = ["node", "slot", "socket", "numa", "l3cache", "l2cache", "core", "hwthread"]
BINDINGS = ["none", "core", "socket", "numa", "l3cache", "hwthread"]


# mpirun that launches nothing computes all hosts in one process and counts the ranks on a NUMA node
# of one host against the same node of the next: ranks that are bound to NUMA nodes are asked about
# on one host only.
def questions():
    """(machine, hosts, options); some come twice."""
    both = "a:8 b:8"
    for count in (1, 2, 3, 5, 8, 12, 16):
        yield "two", "a:16", f"-np {count}"
        yield "four", "a:12", f"-np {count}"
        yield "two", both, f"-np {count} --bind-to core"
        yield "four", "a:2 b:12", f"-np {count} --map-by node --bind-to socket"
    for by in OBJECTS:
        for count in (2, 5, 11):
            yield "two", "a:16", f"-np {count} --map-by {by}"
            yield "two", both, f"-np {count} --map-by {by} --bind-to core"
        yield "chiplets", "a:16", f"-np 6 --map-by {by}"
        for rank in ("slot", "node", "socket", "core", "numa:fill"):
            yield "two", both, f"-np 7 --map-by {by} --rank-by {rank} --bind-to core"
        for bind in BINDINGS:
            one = bind == "numa"
            yield "two", "a:8" if one else both, f"-np 4 --map-by {by} --bind-to {bind}"
            yield "four", "a:12" if one else "a:6 b:12", f"-np 9 --map-by {by} --bind-to {bind}"
        yield "small", "a:2 b:2", f"-np 4 --map-by {by} --bind-to core"
        yield "small", "a:4", f"-np 3 --map-by {by}"
        yield "small", "a:4", f"-np 4 --map-by {by} --bind-to core"
        yield "small", "a:4", f"-np 4 --map-by {by} --bind-to core:overload-allowed"
        yield "small", "a:1 b:2", f"-np 5 --map-by {by} --oversubscribe"
        yield ("small", "a:1 b:2",
               f"-np 5 --map-by {by}:OVERSUBSCRIBE --bind-to core:overload-allowed")
        yield "two", both, f"-np 3 --map-by {by}:PE=2"
        yield "two", "a:16", f"-np 4 --map-by {by} --use-hwthread-cpus"
        yield "two", "a:16", f"-np 4 --map-by {by} --use-hwthread-cpus --bind-to hwthread"
    for by in ("socket", "numa", "l3cache", "core"):
        for count in (2, 4):
            yield "four", "a:12 b:12", f"-np {count} --map-by {by}:SPAN"
    for per in ("1:node", "3:node", "1:socket", "2:socket", "2:numa", "1:l3cache", "1:core"):
        yield "two", both, f"-np 4 --map-by ppr:{per} --bind-to core"
        yield "four", "a:12", f"-np 2 --map-by ppr:{per}"
        yield "four", "a:12 b:12", f"-np 6 --map-by ppr:{per} --bind-to core"
        yield "two", both, f"-np 3 --map-by ppr:{per} --rank-by node --bind-to core"
    for count in (1, 2, 4):
        yield "two", "a:8", f"-N {count}"
        yield "two", both, f"-N {count} --bind-to core"
        yield "two", both, f"-N {count} -np {count + 1} --bind-to core"
        yield "two", both, f"-N {count} -np {2 * count} --bind-to socket"
    for count in (2, 3, 4):
        yield "two", both, f"-np 3 --cpus-per-rank {count}"
        yield "four", "a:12", f"-np 2 --map-by slot:PE={count}"
    for rank in ("slot", "node", "numa", "core"):
        yield "two", "a:16", f"-np 10 --rank-by {rank}"
        yield "four", "a:6 b:6", f"-np 10 --rank-by {rank} --bind-to core"
    yield "two", "a:4 b:2 c:6", "-np 10 --map-by node --bind-to core"
    yield "two", "a:4 b:2 c:6", "-np 12 --bind-to socket"
    yield "two", "a:4 b:2 c:6", "-np 13"
    yield "two", "a:4 b:2 c:6", "-np 14 --oversubscribe"
    yield "two", "a:4 b:2 c:6", "-np 3 --map-by node --bind-to core"


def reason(machine, options):
    """Why vrun answers otherwise, or nothing."""
    missing = {"small": ("l2cache", "l3cache"), "chiplets": ("l2cache",)}.get(machine, ())
    if any(options.endswith(f"--map-by {by}") for by in missing):
        return "no such cache: vrun does not bind, mpirun gives up"
    return ""


def said(machine, hosts, options, directory):
    """What mpirun prints."""
    hostfile = os.path.join(directory, "hosts")
    with open(hostfile, "w", encoding="ascii") as file:
        for host in hosts.split():
            file.write("{} slots={}\n".format(*host.split(":")))
    command = ["mpirun.openmpi", "--novm", "--do-not-launch", "--display-devel-map",
               "--mca", "hwloc_base_topo_file", os.path.join(directory, machine + ".xml"),
               "--mca", "rmaps_base_verbose", "5", "--hostfile", hostfile,
               *options.split(), "true"]
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    return done.stdout + done.stderr


def answer(text):
    """"a:0-1 b:0-1", a word for each rank; a dash: not bound; or "refused"."""
    if "Data for JOB" not in text:
        return "refused"
    nodes, node = {}, None
    for line in text.splitlines():
        if found := re.search(r"Data for node: (\S+)", line):
            node = found[1]
        if found := re.search(r"Data for proc: \[\[\d+,1\],(\d+)\]", line):
            nodes[int(found[1])] = node
    bound = {int(rank): cpus for rank, cpus in
             re.findall(r" PROC \[\[\d+,1\],(\d+)\] (?:BITMAP|TO) ([\d,-]+)", text)}
    if re.search(r"Binding policy: NONE", text):
        bound = {}
    return " ".join(f"{nodes[rank]}:{bound.get(rank, '-')}" for rank in sorted(nodes))


def main():
    with tempfile.TemporaryDirectory(prefix="vrun-stock-") as directory:
        for name, words in MACHINES.items():
            subprocess.run(["lstopo-no-graphics", "-i", words, "--of", "xml",
                            os.path.join(directory, name + ".xml")], check=True)
        print("# SPDX-License-Identifier: Apache-2.0")
        print("# Made by tests/stock/record_openmpi.py with mpirun of Open MPI 4.1.4: machine | "
              "hosts | options | answer | why vrun answers otherwise")
        asked = set()
        for question in questions():
            if question in asked:
                continue
            asked.add(question)
            machine, hosts, options = question
            columns = [MACHINES[machine], hosts, options, answer(said(*question, directory))]
            if reason(machine, options):
                columns.append(reason(machine, options))
            print(" | ".join(columns))
            sys.stdout.flush()


main()
