# SPDX-License-Identifier: Apache-2.0
"""Who is killed while a job runs, what vrun says of it, and that nothing is left anywhere."""

import signal
import time

import pytest

from host import eventually

RANKS = ["-n", "8", "--map-by", "node"]
SLEEPER = ["sh", "-c", "sleep 1000 & wait"]  # a rank with a child of its own


@pytest.fixture
def trio(make_cluster):
    """Two workers beside a third, their leases short. Each test has its own: daemons die in it."""
    cluster = make_cluster(3)
    cluster.start_vrunds("--slots", "5", "--lease", "5")
    return cluster


def named(host, name):
    return [p for p in host.processes() if p.name == name]


def start_job(cluster, *words):
    job = cluster.master.start(["vrun", *RANKS, *words, *SLEEPER])
    eventually(lambda: sum(len(named(h, "sleep")) for h in cluster.workers) == 8, 60, "eight ranks")
    return job


def kill(host, process, number=signal.SIGKILL):
    host.run(["kill", f"-{int(number)}", str(process.pid)])


def guard_of(host):
    shepherds = named(host, "vrun-shepherd")
    pids = {p.pid for p in shepherds}
    return next(p for p in shepherds if p.parent not in pids)


def shepherd_of(host):
    shepherds = named(host, "vrun-shepherd")
    pids = {p.pid for p in shepherds}
    return next(p for p in shepherds if p.parent in pids)


def vrund_of(host):
    return named(host, "vrund")[0]


def assert_next_job_runs(cluster):
    ended = cluster.master.run(["vrun", "-n", "2", "true"])
    assert ended.code == 0, ended


@pytest.mark.parametrize("victim", [shepherd_of, guard_of, vrund_of], ids=lambda f: f.__name__[:-3])
@pytest.mark.parametrize("worker", [0, 1], ids=["root", "leaf"])
def test_a_process_of_a_worker_is_killed(trio, victim, worker):
    job = start_job(trio)
    host = trio.workers[worker]
    kill(host, victim(host))
    assert job.wait(timeout=20) == 121, job.err
    assert host.name in job.err
    trio.assert_clean()
    assert_next_job_runs(trio)


def test_the_controller_is_killed(trio):
    job = start_job(trio)
    kill(trio.master, vrund_of(trio.master))
    assert job.wait(timeout=20) == 122, job.err
    trio.assert_clean()


def test_the_controller_stands_still(trio):
    job = start_job(trio)
    process = vrund_of(trio.master)
    kill(trio.master, process, signal.SIGSTOP)
    assert job.wait(timeout=20) == 122, job.err
    for worker in trio.workers:
        worker.assert_clean()
    kill(trio.master, process, signal.SIGCONT)
    trio.assert_clean()
    assert_next_job_runs(trio)


def test_vrun_is_killed(trio):
    job = start_job(trio)
    kill(trio.master, named(trio.master, "vrun")[0])
    job.wait(timeout=20)
    trio.assert_clean()
    assert_next_job_runs(trio)


@pytest.mark.parametrize("worker", [0, 1], ids=["root", "leaf"])
def test_a_host_falls_silent(trio, worker):
    job = start_job(trio)
    host = trio.workers[worker]
    host.link("down")
    assert job.wait(timeout=30) == 121, job.err
    assert host.name in job.err and "silent" in job.err
    trio.assert_clean()


@pytest.mark.parametrize("victim", [vrund_of, shepherd_of], ids=lambda f: f.__name__[:-3])
def test_a_process_stands_still_for_longer_than_the_lease(trio, victim):
    job = start_job(trio)
    host = trio.workers[1]
    process = victim(host)
    kill(host, process, signal.SIGSTOP)
    assert job.wait(timeout=30) == 121, job.err
    assert host.name in job.err
    if victim is vrund_of:
        kill(host, process, signal.SIGCONT)
    trio.assert_clean()
    assert_next_job_runs(trio)


def test_a_short_standstill_harms_nothing(trio):
    job = start_job(trio)
    host = trio.workers[1]
    for process in (vrund_of(host), shepherd_of(host)):
        kill(host, process, signal.SIGSTOP)
        time.sleep(3)  # the standstill itself: nothing happens that one could wait for
        kill(host, process, signal.SIGCONT)
    time.sleep(3)  # in which a false verdict would fall
    assert job.poll() is None, job.err
    job.stop()
    trio.assert_clean()
