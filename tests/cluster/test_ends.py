# SPDX-License-Identifier: Apache-2.0
"""How jobs end: exit codes, the first failure by name, signals, and many short jobs."""

import signal
import time

import pytest

from host import eventually
from jobs import HELLO, PYTHON, vrun

ABORT = "/srv/vrun/examples/openmpi/abort"
REPORT = "/srv/vrun/helpers/report_signals.py"
UNFINISHED = "from mpi4py import MPI; import os; os._exit(0)"


@pytest.fixture(autouse=True)
def nothing_is_left(four):
    yield
    four.assert_clean()


def shell_on_rank(rank, script):
    """A command that runs the script on one rank; the others wait to be ended."""
    return ["sh", "-c", f"[ $OMPI_COMM_WORLD_RANK = {rank} ] || exec sleep 1000; {script}"]


@pytest.mark.parametrize("code, command", [
    (0, ["true"]),
    (1, ["false"]),
    (1, [PYTHON, "-c", UNFINISHED]),
    (7, [ABORT, "2", "7"]),
    (3, shell_on_rank(1, "exit 3")),
    (255, shell_on_rank(3, "exit 255")),
    (128 + signal.SIGKILL, shell_on_rank(2, "kill -KILL $$")),
    (128 + signal.SIGSEGV, shell_on_rank(0, "kill -SEGV $$")),
    (127, ["/no/such/program"]),
    (126, ["/etc/passwd"]),
], ids=lambda value: str(value) if isinstance(value, int) else value[-1].split("/")[-1][:30])
def test_exit_code_of_the_job(four, code, command):
    ended = vrun(four.master, "-n", 4, "--map-by", "node", *command)
    assert ended.code == code, ended


@pytest.mark.parametrize("code, arguments", [
    (2, ["-n", "0", "true"]),
    (120, ["-n", "1000", "true"]),
])
def test_exit_code_of_vrun_itself(four, code, arguments):
    assert vrun(four.master, *arguments).code == code


def test_first_failure_is_named_by_exit_code(four):
    ended = vrun(four.master, "-n", 4, "--map-by", "node", *shell_on_rank(1, "exit 9"))
    assert ended.code == 9
    named = [line for line in ended.err.splitlines() if "rank 1" in line]
    assert named and "w2" in named[0] and "9" in named[0], ended.err


def test_first_failure_is_named_by_signal(four):
    ended = vrun(four.master, "-n", 4, "--map-by", "node", *shell_on_rank(2, "kill -SEGV $$"))
    assert ended.code == 128 + signal.SIGSEGV
    named = [line for line in ended.err.splitlines() if "rank 2" in line]
    assert named and "w3" in named[0], ended.err
    assert "SEGV" in named[0] or "signal 11" in named[0] or "Segmentation" in named[0], ended.err


@pytest.mark.parametrize("rank", [0, 3])
def test_abort_ends_all_ranks_from_any(four, rank):
    ended = vrun(four.master, "-n", 8, ABORT, rank, 7)
    assert ended.code == 7, ended
    assert f"rank {rank}" in ended.err


def test_what_ranks_left_behind_is_ended(four):
    ended = vrun(four.master, "-n", 4, "--map-by", "node", "sh", "-c",
                 "setsid sleep 1000 & (setsid sh -c 'sleep 1001 & sleep 1002' &) ; exit 0")
    assert ended.code == 0, ended


# -- signals ---------------------------------------------------------------------------------------


def start_reporters(four, *arguments):
    job = four.master.start(["vrun", "-n", "4", "--map-by", "node", PYTHON, REPORT, *arguments])
    eventually(lambda: job.out.count("ready") == 4 or job.poll() is not None, 60, "four ranks")
    return job


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_vrun_ends_the_job_when_told_to(four, number):
    job = start_reporters(four)
    job.send_signal(number)
    assert job.wait() == 128 + number, job.err
    assert job.out.count("got SIGTERM") == 4


def test_ranks_that_ignore_term_are_killed_after_the_grace_time(four):
    job = start_reporters(four, "stubborn")
    job.send_signal(signal.SIGTERM)
    assert job.wait() == 128 + signal.SIGTERM, job.err
    assert job.out.count("got SIGTERM") == 4


def test_a_second_int_kills_at_once(four):
    job = start_reporters(four, "stubborn")
    began = time.monotonic()
    job.send_signal(signal.SIGINT)
    eventually(lambda: job.out.count("got SIGTERM") == 4)
    job.send_signal(signal.SIGINT)
    assert job.wait() == 128 + signal.SIGINT, job.err
    assert time.monotonic() - began < 5  # the grace time was not waited for


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGUSR2"])
def test_user_signals_reach_every_rank(four, name):
    job = start_reporters(four)
    job.send_signal(getattr(signal, name))
    eventually(lambda: job.out.count(f"got {name}") == 4, what=f"four times {name}")
    job.stop()


def ranks_states(four):
    return [p.state for worker in four.workers for p in worker.processes()
            if REPORT in p.command and p.name.startswith("python")]


def test_suspend_and_continue(four):
    job = start_reporters(four)
    vrun_state = lambda: [p.state for p in four.master.processes() if p.name == "vrun"]
    job.send_signal(signal.SIGTSTP)
    eventually(lambda: ranks_states(four) == ["T"] * 4, what="stopped ranks")
    eventually(lambda: vrun_state() == ["T"], what="a stopped vrun")
    job.send_signal(signal.SIGCONT)
    eventually(lambda: job.out.count("got SIGCONT") == 4, what="ranks that go on")
    assert vrun_state() != ["T"]
    job.stop()


# -- misfortune --------------------------------------------------------------------------------------


def test_a_killed_vrun_leaves_no_rank(four):
    job = start_reporters(four)
    job.send_signal(signal.SIGKILL)
    job.wait()  # nothing_is_left does the rest


def test_a_killed_controller_ends_vrun_and_its_job(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "2")
    job = cluster.master.start(["vrun", "-n", "4", PYTHON, REPORT])
    eventually(lambda: job.out.count("ready") == 4, 60)
    cluster.master.vrund.send_signal(signal.SIGKILL)
    assert job.wait() == 122, job.err
    for worker in cluster.workers:
        worker.assert_clean()


def test_a_lost_node_is_named(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "2")
    job = cluster.master.start(["vrun", "-n", "4", PYTHON, REPORT])
    eventually(lambda: job.out.count("ready") == 4, 60)
    lost = cluster.workers[1]
    lost.kill_processes()
    assert job.wait() == 121, job.err
    assert lost.name in job.err and lost.address in job.err, job.err
    cluster.workers[0].assert_clean()


# -- many short jobs -----------------------------------------------------------------------------------


def test_many_ranks_of_a_short_program(four):
    ended = vrun(four.master, "-n", 128, "--oversubscribe", "true")
    assert ended.code == 0, ended


def test_a_hundred_short_jobs(four):
    codes = [vrun(four.master, "-n", 32, "--oversubscribe", "true").code for _ in range(100)]
    assert codes == [0] * 100


def test_after_all_that_mpi_still_works(four):
    assert vrun(four.master, "-n", 8, HELLO, 8).code == 0
