# SPDX-License-Identifier: Apache-2.0
"""What makes it fast is there: things are kept and reused, and nothing polls. No stopwatch."""

import os
import signal
import subprocess

import pytest

from host import eventually
from jobs import HELLO, vrun

IDLE_WINDOW = float(os.environ.get("VRUN_IDLE_WINDOW", "60"))  # seconds


@pytest.fixture(scope="module")
def used(four):
    """The cluster after a first job."""
    assert vrun(four.master, "-n", 20, HELLO, 20).code == 0
    return four


def connections(cluster):
    """Every TCP connection between daemons, also those that just ended: (host, local, peer)."""
    found = set()
    for host in cluster.workers + [cluster.master]:
        rows = host.run(["ss", "-Htan", "( sport = :7117 or dport = :7117 )"]).out.splitlines()
        found |= {(host.name, *row.split()[3:5]) for row in rows}
    return found


def shepherds(cluster):
    return {(host.name, process.pid) for host in cluster.workers
            for process in host.processes() if process.name == "vrun-shepherd"}


def test_a_second_job_opens_no_connection(used):
    before = connections(used)
    assert before
    assert vrun(used.master, "-n", 20, HELLO, 20).code == 0
    assert connections(used) == before


def test_a_second_job_uses_the_same_shepherds(used):
    before = shepherds(used)
    assert before
    assert vrun(used.master, "-n", 20, "true").code == 0
    assert shepherds(used) == before


def test_ranks_of_one_node_share_one_shepherd(used):
    for worker in used.workers:  # a guard and its shepherd
        assert len([p for p in worker.processes() if p.name == "vrun-shepherd"]) == 2


class Trace:
    """The system calls of a process that end while we watch."""

    def __init__(self, host, pid, *arguments):
        self.path = host.cluster.directory / f"strace-{pid}"
        self.strace = subprocess.Popen(["strace", "-f", "-p", str(pid), "-o", self.path, *arguments],
                                       stderr=subprocess.PIPE, text=True)
        assert "attached" in self.strace.stderr.readline()

    def ended_calls(self):
        return [line for line in self.path.read_text().splitlines()
                if " = " in line and "detached" not in line]

    def stop(self):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait()


def test_an_idle_daemon_sleeps(make_cluster):
    """No peer, nothing waited for: nothing wakes it up."""
    cluster = make_cluster(1)
    host = cluster.workers[0]
    host.start_vrund("--slots", "2")
    trace = Trace(host, host.vrund.pid)
    try:
        with pytest.raises(TimeoutError):
            eventually(trace.ended_calls, IDLE_WINDOW)
    finally:
        trace.stop()
    assert trace.ended_calls() == []
    assert vrun(host, "-n", 2, HELLO, 2).code == 0  # it was alive all the time
