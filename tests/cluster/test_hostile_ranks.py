# SPDX-License-Identifier: Apache-2.0
"""Ranks that do all they can to stay, and who is killed meanwhile: nothing is left anywhere."""

import os
import signal
import time

import pytest

from faults import named
from host import PLAIN_USER, eventually
from jobs import vrun

HOSTILE = "vrun-hostile-rank"
NASTY = ["ignore", "daemonize", "orphans", "run-away", "multiply"]
ABORT = "/srv/vrun/examples/openmpi/abort"
LEASE = 5
SLACK = 30  # for a machine that is busy with other things; what is measured is the lease
RANKS = ["-n", "4", "--map-by", "node"]
UNFORGIVING = ["sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1000; done"]


@pytest.fixture(scope="module")
def pair(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "4", "--lease", str(LEASE))
    return cluster


@pytest.fixture(autouse=True)
def nothing_is_left(pair):
    """Whoever was killed comes back, and the next job runs."""
    yield
    for host in pair.workers + [pair.master]:
        if not host.has_vrund():
            host.start_vrund("--slots", "4", "--lease", str(LEASE))
    pair.assert_clean()
    ended = vrun(pair.master, *RANKS, "true", user=PLAIN_USER)
    assert ended.code == 0, ended
    pair.assert_clean()


def start_job(pair, *words, ready=4):
    """Its ranks are nasty first, and then become these words."""
    command = ["vrun", *RANKS, HOSTILE, *NASTY, "--", *(words or UNFORGIVING)]
    job = pair.master.start(command, user=PLAIN_USER)
    eventually(lambda: job.out.count("ready") >= ready or job.poll() is not None, 60, "the ranks")
    return job


def in_order(host, name):
    """Guards first, then their shepherds."""
    found = named(host, name)
    pids = {p.pid for p in found}
    return sorted(found, key=lambda p: p.parent in pids)


def guard_of(host):
    return in_order(host, "vrun-shepherd")[:1]


def shepherd_of(host):
    return in_order(host, "vrun-shepherd")[1:]


def guard_and_shepherd_of(host):
    return in_order(host, "vrun-shepherd")


def vrund_of(host):
    return named(host, "vrund")


def kill(host, processes, number=signal.SIGKILL):
    assert processes
    host.kill(processes, number)


def end_of(job, began=None):
    """Its code. The ranks are gone with it, whatever they did, and vrun waits for none of them."""
    began = time.monotonic() if began is None else began
    code = job.wait(timeout=LEASE + 3 + SLACK)
    assert time.monotonic() - began < LEASE + 3 + SLACK
    return code


def ranks_left(pair):
    ours = ("vrund", "vrun-shepherd", "vrun")
    return [p for worker in pair.workers for p in worker.processes() if p.name not in ours]


def assert_ranks_end(pair):
    eventually(lambda: not ranks_left(pair), LEASE + 1 + SLACK, "the end of every rank")


# -- how the job ends --------------------------------------------------------------------------------


def test_the_job_ends_by_itself(pair):
    job = start_job(pair, "sh", "-c", "echo last words")
    assert end_of(job) == 0, job.err
    assert job.out.count("last words") == 4  # though somebody else holds the pipe


def test_a_rank_fails(pair):
    job = start_job(pair, "sh", "-c", '[ $VRUN_RANK = 2 ] && exit 9; exec sleep 1000')
    assert end_of(job) == 9, job.err
    assert "rank 2" in job.err and "w1" in job.err


def test_a_rank_aborts(pair):
    job = start_job(pair, ABORT, "3", "7")
    assert end_of(job) == 7, job.err
    assert "rank 3" in job.err and "w2" in job.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_vrun_is_told_to_end(pair, number):
    job = start_job(pair)
    job.send_signal(number)
    assert end_of(job) == 128 + number, job.err
    assert not ranks_left(pair)


def test_vrun_is_told_twice(pair):
    job = start_job(pair)
    job.send_signal(signal.SIGINT)
    job.wait_for("the next signal kills")
    job.send_signal(signal.SIGINT)
    assert end_of(job) == 128 + signal.SIGINT, job.err
    assert not ranks_left(pair)


# -- who is killed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("where, rank", [("w1", 0), ("w2", 1)], ids=["root", "leaf"])
def test_a_rank_is_killed(pair, where, rank):
    job = start_job(pair, "sh", "-c", 'echo pid $VRUN_RANK $$; exec sleep 1000')
    job.wait_for(f"pid {rank} ")
    eventually(lambda: len([p for h in pair.workers for p in named(h, "sleep")]) == 4, 60, "ranks")
    pid = next(line.split()[2] for line in job.out.splitlines() if line.startswith(f"pid {rank} "))
    host = next(host for host in pair.workers if host.name == where)
    host.run(["kill", "-KILL", pid])
    assert end_of(job) == 128 + signal.SIGKILL, job.err
    assert f"rank {rank}" in job.err and where in job.err, job.err


def test_a_rank_of_the_controllers_node_is_killed(pair):
    job = pair.master.start(["vrun", "-n", "1", "--host", "localhost", HOSTILE, *NASTY, "--",
                             "sleep", "1000"], user=PLAIN_USER)
    eventually(lambda: named(pair.master, "sleep"), 60, "the rank")
    kill(pair.master, named(pair.master, "sleep"))
    assert end_of(job) == 128 + signal.SIGKILL, job.err
    assert "rank 0" in job.err and "master" in job.err, job.err


@pytest.mark.parametrize("worker", [0, 1], ids=["root", "leaf"])
@pytest.mark.parametrize("victim", [guard_of, shepherd_of, guard_and_shepherd_of, vrund_of],
                         ids=lambda find: find.__name__[:-3])
def test_a_process_of_a_worker_is_killed(pair, victim, worker):
    job = start_job(pair)
    host = pair.workers[worker]
    kill(host, victim(host))
    assert end_of(job) == 121, job.err
    assert host.name in job.err, job.err
    assert_ranks_end(pair)


def test_vrun_is_killed(pair):
    job = start_job(pair)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert_ranks_end(pair)


def test_the_controller_is_killed(pair):
    job = start_job(pair)
    kill(pair.master, vrund_of(pair.master))
    assert end_of(job) == 122, job.err
    assert_ranks_end(pair)


# -- what only a daemon can do -----------------------------------------------------------------------


def test_a_rank_kills_all_that_its_user_may_kill(pair):
    """Its shepherd and its guard at once, among others."""
    script = """
        [ $VRUN_RANK = 1 ] && trap 'kill -KILL -1' USR1 || trap '' USR1
        echo armed
        while :; do sleep 1000 & wait; done"""
    job = pair.master.start(["vrun", *RANKS, HOSTILE, "daemonize", "--", "sh", "-c", script],
                            user=PLAIN_USER)
    eventually(lambda: job.out.count("armed") == 4, 60, "the ranks")
    job.send_signal(signal.SIGUSR1)
    assert end_of(job) in (121, 128 + signal.SIGKILL), job.err
    assert "w2" in job.err, job.err


def test_a_guard_that_stands_still(pair):
    job = start_job(pair)
    host = pair.workers[1]
    guard, shepherd = guard_of(host), shepherd_of(host)
    kill(host, guard, signal.SIGSTOP)
    kill(host, shepherd)
    assert end_of(job) == 121, job.err
    assert "w2" in job.err, job.err


def test_what_became_root_in_a_job_of_a_user(pair):
    for host in pair.workers:
        place = host.path("/srv/setuid-rank")
        place.write_bytes(host.path(f"/srv/vrun/bin/{HOSTILE}").read_bytes())
        os.chmod(place, 0o4755)
    job = pair.master.start(["vrun", *RANKS, "/srv/setuid-rank", "root", "--", "echo", "done"],
                            user=PLAIN_USER)
    assert end_of(job) == 0, job.err
    assert job.out.count("done") == 4


def test_stale_directories_go_with_the_next_job(pair):
    """When the daemon was killed as well."""
    host = pair.workers[0]
    job = pair.master.start(["vrun", *RANKS, "sleep", "1000"], user=PLAIN_USER)
    eventually(lambda: len([p for h in pair.workers for p in named(h, "sleep")]) == 4, 60, "ranks")
    victims = vrund_of(host) + guard_and_shepherd_of(host)
    kill(host, victims, signal.SIGSTOP)  # none of them sees another die
    kill(host, victims)
    assert end_of(job) == 121, job.err
    assert_ranks_end(pair)
    assert [f for f in host.job_files() if "/vrun-s." in f]
    strangers = [host.path("/tmp/vrun-s.root00"), host.path("/tmp/vrun-s.link00")]
    strangers[0].mkdir()
    strangers[1].symlink_to("/srv/alice")
    try:
        host.start_vrund("--slots", "4", "--lease", str(LEASE))
        assert vrun(pair.master, *RANKS, "true", user=PLAIN_USER).code == 0
        assert strangers[0].exists() and strangers[1].is_symlink()  # another user's, and a link
    finally:
        strangers[0].rmdir()
        strangers[1].unlink()
