# SPDX-License-Identifier: Apache-2.0
"""What the tests of docs/failures.md share: a job that runs until something hits it, and what must
hold then. A loaded machine is slow, not wrong: limits in time have room, and are printed."""

import signal
import time

from host import eventually

LEASE = 5  # seconds, of the daemons in these tests
LATE = 30  # what a loaded machine may add to a time limit


def ranks_on(host):
    """Those of start_job()."""
    return [p for p in host.processes() if p.command.split() == ["sleep", "1000"]]


def sleepers(cluster):
    return [f"{host.name}: {p}" for host in cluster.workers + [cluster.master] for p in ranks_on(host)]


def start_job(cluster, ranks, *words, host=None, **options):
    """Ranks that sleep until they are ended; all run when this returns."""
    before = len(sleepers(cluster))
    job = (host or cluster.master).start(
        ["vrun", "-n", str(ranks), "--map-by", "node", *words, "sleep", "1000"], **options)
    eventually(lambda: len(sleepers(cluster)) == before + ranks or job.poll() is not None, 60,
               f"{ranks} ranks")
    assert job.poll() is None, job.err
    return job


def wait_for_the_end(cluster, job, began):
    """Seconds from `began` until no rank was left, and until vrun had ended."""
    gone = ended = None
    while gone is None or ended is None:
        if ended is None and job.poll() is not None:
            ended = time.monotonic() - began
        if gone is None and not sleepers(cluster):
            gone = time.monotonic() - began
        assert time.monotonic() - began < 3 * LEASE + LATE, (
            f"left: {sleepers(cluster)}, vrun: {job.poll()}\n{job.err}")
        time.sleep(0.02)
    print(f"no rank left after {gone:.1f} s, vrun ended after {ended:.1f} s")
    return gone, ended


def kill(host, process, number=signal.SIGKILL):
    host.run(["kill", f"-{int(number)}", str(process.pid)])


def named(host, name):
    return [p for p in host.processes() if p.name == name]


def end_idle_shepherds(host):
    """So that the next job needs new ones."""
    for process in named(host, "vrun-shepherd"):
        kill(host, process)
    eventually(lambda: not named(host, "vrun-shepherd"), 60, f"no shepherd on {host.name}")


def assert_all_hosts_work(cluster, host=None, slots=2):
    """A job on every worker, controlled by this host."""
    ranks = slots * len(cluster.workers)
    ended = (host or cluster.master).run(["vrun", "-n", str(ranks), "--map-by", "node", "hostname"])
    assert ended.code == 0, ended
    expected = sorted(slots * [worker.name for worker in cluster.workers])
    assert sorted(ended.out.split()) == expected, ended
