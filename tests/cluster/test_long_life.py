# SPDX-License-Identifier: Apache-2.0
"""Daemons that have served thousands of jobs are as they were: memory, descriptors, threads, files,
processes, slots. And shepherds wait for the next job, but few, not for long, and not for ever."""

import os
import re
import shutil
from typing import NamedTuple

import pytest

from conftest import PROGRAMS
from host import PATH, eventually
from jobs import HELLO, assert_hello

JOBS, WARM_UP, AT_ONCE, MPI_JOBS = 5000, 500, 200, 105
JOBS_PER_SHEPHERD = 100
GROWTH_MAX = 1 << 20


class Footprint(NamedTuple):
    descriptors: int
    threads: int
    processes: dict  # name: how many
    files: list  # of jobs, in /tmp and /dev/shm


def pids(host, name):
    return [p.pid for p in host.processes() if p.name == name]


def vrund_of(host):
    return pids(host, "vrund")[0]


def resident(host):
    status = host.path(f"/proc/{vrund_of(host)}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1]) * 1024


def footprint(host):
    """Once nothing of a job and no shepherd is there any more."""
    def is_quiet():
        return {p.name for p in host.processes()} <= {"vrund"}
    eventually(is_quiet, 120, f"the last shepherd on {host.name} to go")
    pid = vrund_of(host)
    names = [p.name for p in host.processes()]
    return Footprint(len(os.listdir(host.path(f"/proc/{pid}/fd"))),
                     len(os.listdir(host.path(f"/proc/{pid}/task"))),
                     {name: names.count(name) for name in names}, host.job_files())


def both_of(cluster):
    """For --host. By address: a name is asked for each time, and this machine is busy."""
    return f"{cluster.master.address}:1,{cluster.workers[0].address}:1"


def many_jobs(cluster, *words):
    helper = ["/usr/bin/python3", "/srv/vrun/helpers/many_jobs.py", both_of(cluster)]
    ended = cluster.master.run([*helper, *map(str, words)], timeout=3000)
    assert ended.code == 0, ended
    print(ended.out, end="")


def shepherds_started(host):
    return host.vrund.err.count("shepherds: started")


@pytest.fixture
def pair(make_cluster):
    """A master that asks, and a worker; their daemons are the test's own."""
    cluster = make_cluster(1)
    yield cluster
    cluster.stop_vrunds()


@pytest.fixture
def brief(pair):
    """Shepherds wait for the next job, but not long. A long lease: 200 jobs at once starve themselves."""
    pair.start_vrunds("--slots", str(AT_ONCE), "--linger", "1", "--lease", "60",
                      "--log-level", "debug")
    return pair


@pytest.fixture
def patient(pair):
    """Shepherds wait for longer than any test takes."""
    pair.start_vrunds("--slots", str(AT_ONCE), "--linger", "3600", "--lease", "60",
                      "--log-level", "debug")
    return pair


def test_thousands_of_jobs_leave_nothing(brief):
    hosts = [brief.master, *brief.workers]
    many_jobs(brief, "row", 100, 2)
    before = [footprint(host) for host in hosts]
    many_jobs(brief, "row", WARM_UP - AT_ONCE - 100, 2)
    many_jobs(brief, "at_once", AT_ONCE)  # as much at a time as there will ever be
    sizes = [resident(host) for host in hosts]
    many_jobs(brief, "row", JOBS - WARM_UP, 2)
    many_jobs(brief, "at_once", AT_ONCE)
    for host, size, was in zip(hosts, sizes, before):
        assert footprint(host) == was, host.name
        grown = resident(host) - size
        print(f"{host.name}: {size >> 10} KiB after {WARM_UP} jobs, {grown >> 10:+} after all")
        assert grown < GROWTH_MAX, host.name
    # Every slot is free again: a job that needs them all starts.
    assert brief.master.run(["vrun", "-n", str(AT_ONCE), "true"], timeout=120).code == 0


def test_mpi_jobs_leave_nothing_and_shepherds_retire(patient):
    hosts = [patient.master, *patient.workers]
    words = ["vrun", "-n", "2", "-H", both_of(patient), HELLO]
    for _ in range(MPI_JOBS):
        assert_hello(patient.master.run(words), 2, {"master": 1, "w1": 1})
    for host in hosts:
        assert shepherds_started(host) == -(-MPI_JOBS // JOBS_PER_SHEPHERD), host.vrund.err
    patient.assert_clean()


def start_as(host, uid, *words):
    return host.start(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "vrun", *words])


def idle_shepherds(host):
    return len(pids(host, "vrun-shepherd")) // 2  # each has its guard


def start_as(host, uid, *words):
    return host.start(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "vrun", *words])


def idle_shepherds(host):
    return len(pids(host, "vrun-shepherd")) // 2  # each has its guard


def test_one_shepherd_waits_per_user_and_four_per_node(patient):
    worker = patient.workers[0]
    many_jobs(patient, "at_once", 20)
    eventually(lambda: idle_shepherds(worker) == 1, 60, "one shepherd to wait")
    started = shepherds_started(worker)
    assert patient.master.run(["vrun", "-n", "1", "true"]).code == 0
    assert shepherds_started(worker) == started, "it waited in vain"
    others = [start_as(patient.master, uid, "-n", "1", "true") for uid in range(5001, 5007)]
    for other in others:
        assert other.wait() == 0, other.err
    eventually(lambda: idle_shepherds(worker) == 4, 60, "four shepherds to wait")
    patient.assert_clean()


def test_a_shepherd_that_has_grown_is_not_used_again(pair):
    worker = pair.workers[0]
    programs = worker.path("/srv/heavy")
    programs.mkdir()
    shutil.copy(PROGRAMS / "vrund", programs)
    (programs / "vrun-shepherd").write_text(
        '#!/bin/sh\nLD_PRELOAD=/srv/vrun/bin/vrun-weight.so exec /srv/vrun/bin/vrun-shepherd "$@"\n')
    (programs / "vrun-shepherd").chmod(0o755)
    pair.master.start_vrund("--slots", "1")
    worker.start_vrund("--slots", "1", "--log-level", "debug", env={"PATH": f"/srv/heavy:{PATH}"})
    for jobs in (1, 2, 3):
        assert pair.master.run(["vrun", "-n", "1", "true"]).code == 0
        assert shepherds_started(worker) == jobs
    pair.assert_clean()
