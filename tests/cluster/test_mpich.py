# SPDX-License-Identifier: Apache-2.0
"""MPICH jobs: served by PMI, across hosts, beside jobs of Open MPI under the same daemons.

The hosts have a second network that leads nowhere; no option says which to take. A rank that found
no server would be a job of one: everything here knows how many ranks it must see."""

import contextlib
import os
import re

import pytest

from host import Ended, eventually
from jobs import HELLO, MPICH_HELLO, assert_hello, mpich_hangs_in_finalize, vrun

MPICH = "/srv/vrun/examples/mpich"
FIVE_EACH = {f"w{number}": 5 for number in range(1, 5)}
ONE_EACH = {f"w{number}": 1 for number in range(1, 5)}
TWO_EACH = {f"w{number}": 2 for number in range(1, 5)}
WITHOUT_PMIX = os.environ.get("VRUN_WITHOUT_PMIX")  # the build under test has MPICH only


@pytest.fixture(scope="module")
def hangs_in_finalize(four):
    return mpich_hangs_in_finalize(four.master)


def run_to_its_result(host, result, hangs, *arguments):
    """Runs a job whose ranks talk across hosts, until it has said `result`."""
    job = host.start(["vrun", *map(str, arguments)])
    job.wait_for(result, 120)
    if not hangs:
        assert job.wait(120) == 0, job.err
        return
    with contextlib.suppress(TimeoutError):
        assert job.wait(2) == 0, job.err
    job.stop()


@pytest.fixture(autouse=True)
def nothing_is_left(four):
    yield
    four.assert_clean()  # /dev/shm is part of it


@pytest.mark.parametrize("ranks, mapping, per_host", [
    (20, ["--map-by", "slot"], FIVE_EACH),
    (4, ["--map-by", "node"], ONE_EACH),
    (8, ["--map-by", "node"], TWO_EACH),
], ids=["by slot", "one on each", "in turn"])
def test_hello(four, ranks, mapping, per_host):
    ended = vrun(four.master, "-n", ranks, *mapping, MPICH_HELLO, ranks, timeout=120)
    assert_hello(ended, ranks, per_host)


def test_one_rank_is_no_singleton(four):
    assert_hello(vrun(four.workers[1], "-n", 1, MPICH_HELLO, 1), 1, {"w2": 1})


@pytest.mark.parametrize("mapping", ["slot", "node"])
@pytest.mark.parametrize("example, result", [
    ("ring", "ring of 8 ranks: sum 28, expected 28"),
    ("connectivity", "connectivity of 8 ranks: 56 of 56 paths work"),
])
def test_ranks_reach_each_other(four, example, result, mapping, hangs_in_finalize):
    run_to_its_result(four.master, result, hangs_in_finalize,
                      "-n", 8, "--map-by", mapping, f"{MPICH}/{example}", 8)


@pytest.mark.parametrize("example", ["ring", "connectivity"])
def test_ranks_of_one_host_reach_each_other(four, example):
    ended = vrun(four.workers[0], "-n", 5, f"{MPICH}/{example}", 5, timeout=120)
    assert ended.code == 0, ended
    assert "of 5 ranks" in ended.out


@pytest.mark.parametrize("version", [1, 2])  # 2 is spoken from MPICH 4.2 on
def test_ranks_of_a_host_share_memory(four, version):
    """PMI_process_mapping is believed: the ranks of a host open one file in /dev/shm."""
    ended = vrun(four.master, "-n", 8, "--map-by", "node", "-x", f"MPIR_CVAR_PMI_VERSION={version}",
                 "strace", "-f", "-qq", "-e", "trace=openat", "-o", "/tmp/.opened", MPICH_HELLO, 8,
                 timeout=180)
    assert_hello(ended, 8, TWO_EACH)
    for worker in four.workers:
        traces = worker.path("/tmp/.opened")
        assert "/dev/shm/mpich_shar_tmp" in traces.read_text()
        traces.unlink()


@pytest.mark.parametrize("rank", [0, 5])
def test_abort(four, rank):
    ended = vrun(four.master, "-n", 8, "--map-by", "node", f"{MPICH}/abort", rank, 7)
    assert ended.code == 7, ended
    assert re.search(rf"rank {rank} on node w\d called MPI_Abort with code 7", ended.err), ended.err


def test_programs_of_one_job_know_which_they_are(four):
    script = "echo $PMI_RANK $PMI_SIZE $MPI_LOCALRANKID/$MPI_LOCALNRANKS"
    ended = vrun(four.master, "-n", 8, "--map-by", "node", "sh", "-c", script)
    assert ended.code == 0, ended
    expected = [f"{rank} 8 {rank // 4}/2" for rank in range(8)]
    assert sorted(ended.out.splitlines()) == expected


def test_open_mpi_and_mpich_at_the_same_time(four):
    if WITHOUT_PMIX:
        pytest.skip("built without PMIx")
    programs = [HELLO, MPICH_HELLO] * 2
    jobs = [host.start(["vrun", "-n", "8", "--map-by", "node", program, "8"])
            for host, program in zip(four.workers, programs)]
    for job in jobs:
        code = job.wait(120)
        assert_hello(Ended(code, job.out, job.err), 8, TWO_EACH)


# -- kills and other misfortune ----------------------------------------------------------------------


def shared_files(four):
    return [name for worker in four.workers for name in os.listdir(worker.path("/dev/shm"))
            if not name.startswith("vrun-")]


def test_a_job_that_is_killed_in_mpi_init_leaves_no_shared_memory(four):
    """Rank 7 stops after the first barrier: the others wait where their file has a name."""
    stop = ("say() { echo $1 >&$PMI_FD; read -r answer <&$PMI_FD; }; "
            "say 'cmd=init pmi_version=1 pmi_subversion=1'; say cmd=barrier_in; exec sleep 1000")
    job = four.master.start(["vrun", "-n", "8", "--map-by", "slot", "bash", "-c",
                             f"[ $PMI_RANK = 7 ] || exec {MPICH_HELLO} 8; {stop}"])
    eventually(lambda: shared_files(four) or job.poll() is not None, 60, "files in /dev/shm")
    assert job.stop() == 128 + 15, job.err
    assert shared_files(four) == []


def test_a_rank_that_dies_while_others_are_at_the_barrier_ends_the_job(four):
    ended = vrun(four.master, "-n", 8, "--map-by", "node", "sh", "-c",
                 f"[ $PMI_RANK = 5 ] && sleep 1 && kill -KILL $$; exec {MPICH_HELLO} 8")
    assert ended.code == 128 + 9, ended
    assert re.search(r"rank 5 on node w2 was killed", ended.err), ended.err


def test_a_rank_that_leaves_without_finalize_fails_the_job(four):
    script = """echo cmd=init pmi_version=1 pmi_subversion=1 >&$PMI_FD; read -r answer <&$PMI_FD"""
    ended = vrun(four.master, "-n", 4, "--map-by", "node", "bash", "-c", script)
    assert ended.code == 1, ended
    assert "without MPI_Finalize" in ended.err


# -- many -------------------------------------------------------------------------------------------


def test_sixty_ranks_on_twenty_hosts(make_cluster):
    """More hosts than one node has children. Not more of them: MPICH connects all with all, and
    the kernel's table of neighbours is one for all hosts here."""
    cluster = make_cluster(20)
    cluster.start_vrunds("--slots", "3")
    expected = {f"w{number}": 3 for number in range(1, 21)}
    assert_hello(vrun(cluster.master, "-n", 60, MPICH_HELLO, 60, timeout=300), 60, expected)
    cluster.assert_clean()
