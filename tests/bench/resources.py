# SPDX-License-Identifier: Apache-2.0
"""What waiting costs: memory and wake-ups of the daemons; and how soon daemons find each other."""

import re
import time

import rivals
from launch import vrun
from measure import samples, show

IDLE_SECONDS = 10


def programs(host):
    """[(what it is, pid as we see it)]: the daemon, the guard and its shepherd."""
    found = []
    for process in host.processes():
        if process.name == "vrund":
            found.append(("vrund", process))
        if process.name == "vrun-shepherd":
            is_guard = any(p.pid == process.parent and p.name == "vrund" for p in host.processes())
            found.append(("guard" if is_guard else "shepherd", process))
    return sorted(found, key=lambda entry: ("vrund", "guard", "shepherd").index(entry[0]))


def memory_kib(host, pid):
    rollup = host.path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = {name: int(size) for name, size in re.findall(r"(\w+): +(\d+) kB", rollup)}
    return sizes["Rss"], sizes["Private_Clean"] + sizes["Private_Dirty"], sizes["Private_Dirty"]


def wakeups(host, pid):
    """Voluntary context switches of all threads so far."""
    total = 0
    for thread in host.path(f"/proc/{pid}/task").iterdir():
        status = (thread / "status").read_text()
        total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)[1])
    return total


def memory(setting):
    """RSS, private memory and wake-ups: a daemon that never ran a job, after jobs, and shepherds.

    Where a program runs only once, the pages of its file count as private too; dirty ones are its own.
    """
    rows = []
    for hosts in setting.layouts():
        when = f"{len(hosts)} host(s)"
        setting.restart(hosts)
        rows += rows_of(hosts[0], f"{when}, no job yet", setting.idle_seconds)
        for _ in range(3):
            hosts[0].run(vrun(2 * len(hosts), hosts, [rivals.HELLO_OPENMPI, str(2 * len(hosts))]))
        rows += rows_of(hosts[0], f"{when}, after jobs", setting.idle_seconds)
    show(f"memory (MiB) and wake-ups in {setting.idle_seconds:g} idle seconds",
         ["what", "when", "RSS", "private", "of it dirty", "wake-ups"], rows)


def rows_of(host, when, seconds):
    found = programs(host)
    before = [wakeups(host, process.pid) for _, process in found]
    time.sleep(seconds)
    rows = []
    for (what, process), count in zip(found, before):
        sizes = [f"{kib / 1024:.1f}" for kib in memory_kib(host, process.pid)]
        rows.append([what, when, *sizes, wakeups(host, process.pid) - count])
    return rows


def connect(setting):
    """Until all daemons are found and connected: `vrunctl hosts`, which asks every one of them."""
    hosts = setting.hosts(setting.many)
    rows = []
    for asked in ("first", "second"):
        sample = samples(hosts[0], ["vrunctl", "hosts"])[0]
        rows.append([f"{asked} time", len(hosts), f"{sample.wall:.1f}"])
    show("daemons found and connected", ["vrunctl hosts", "daemons", "ms"], rows)
