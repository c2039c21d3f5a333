# SPDX-License-Identifier: Apache-2.0
"""Which cores a rank may really use: asked of the rank itself, on the cores that this machine has."""

import os
import re

import pytest

from host import eventually
from jobs import vrun

CORES = sorted(os.sched_getaffinity(0))
ASK = ["sh", "-c", "echo rank $OMPI_COMM_WORLD_RANK: $(grep Cpus_allowed_list /proc/self/status | cut -f2)"]
HOLD = ["sh", "-c", "echo rank $OMPI_COMM_WORLD_RANK: $(grep Cpus_allowed_list /proc/self/status | cut -f2); "
        "echo ready; exec sleep 1000"]

pytestmark = pytest.mark.skipif(len(CORES) < 2, reason="binding needs two cores")


@pytest.fixture(scope="module")
def host(make_cluster):
    """Its daemon may use two cores, whatever the machine has."""
    host = make_cluster(1).workers[0]
    host.vrund = host.start(["taskset", "-c", ",".join(map(str, CORES[:2])), "vrund", "--slots", "4"])
    eventually(lambda: host.listens_on_unix("vrund.sock"), what="vrund")
    return host


def numbers(text):
    """{0, 1, 4} of "0-1,4"."""
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def cores_of(output):
    """{rank: cores}"""
    return {int(rank): numbers(cores) for rank, cores in re.findall(r"rank (\d+): (\S+)", output)}


def asked(host, *options):
    ended = vrun(host, *options, *ASK)
    assert ended.code == 0, ended
    return cores_of(ended.out)


FIRST, SECOND = CORES[:2]
BOTH = {FIRST, SECOND}


def test_few_ranks_get_a_core_each(host):
    assert asked(host, "-n", 1) == {0: {FIRST}}
    assert asked(host, "-n", 2) == {0: {FIRST}, 1: {SECOND}}


def test_more_ranks_than_cores_are_not_bound_by_default(host):
    assert asked(host, "-n", 3) == {rank: BOTH for rank in range(3)}
    assert asked(host, "-n", 6, "--oversubscribe") == {rank: BOTH for rank in range(6)}


def test_what_was_asked_for_is_done(host):
    assert asked(host, "-n", 2, "--map-by", "core") == {0: {FIRST}, 1: {SECOND}}
    assert asked(host, "-n", 2, "--bind-to", "none") == {0: BOTH, 1: BOTH}
    assert asked(host, "-n", 2, "--bind-to", "package") == {0: BOTH, 1: BOTH}
    assert asked(host, "-n", 4, "--bind-to", "core:overload-allowed") == {
        0: {FIRST}, 1: {SECOND}, 2: {FIRST}, 3: {SECOND}}
    assert asked(host, "-n", 1, "--map-by", "slot:PE=2") == {0: BOTH}
    assert asked(host, "-n", 1, "--cpu-set", "1") == {0: {SECOND}}
    assert asked(host, "-n", 2, "--map-by", "ppr:2:package", "--bind-to", "core") == {
        0: {FIRST}, 1: {SECOND}}


def test_a_wish_that_cannot_be_is_refused_with_its_reason(host):
    ended = vrun(host, "-n", 3, "--bind-to", "core", *ASK)
    assert ended.code == 120, ended
    assert "--bind-to core: 3 ranks on this node, 2 free cores" in ended.err, ended
    assert "overload-allowed" in ended.err


def test_a_rankfile_names_host_and_core(host):
    host.path("/tmp/ranks").write_text("rank 1=+n0 slot=0\nrank 0=+n0 slot=1\n")
    try:
        assert asked(host, "--rankfile", "/tmp/ranks") == {0: {SECOND}, 1: {FIRST}}
    finally:
        host.path("/tmp/ranks").unlink()


def test_two_jobs_do_not_share_cores_while_there_are_free_ones(host):
    first = host.start(["vrun", "-n", "1", *HOLD])
    try:
        eventually(lambda: "ready" in first.out, 60, what="the first job")
        assert cores_of(first.out) == {0: {FIRST}}
        assert asked(host, "-n", 1) == {0: {SECOND}}
        crowded = vrun(host, "-n", 2, *ASK)
        assert crowded.code == 0, crowded
        assert cores_of(crowded.out) == {0: BOTH, 1: BOTH}
        assert crowded.err == ""
        told = vrun(host, "-n", 2, "--bind-to", "core", *ASK)
        assert cores_of(told.out) == {0: BOTH, 1: BOTH}, told
        assert "other jobs leave 1 free core for 2 ranks here, so they are not bound" in told.err
    finally:
        first.stop()
    eventually(lambda: asked(host, "-n", 2) == {0: {FIRST}, 1: {SECOND}}, 60, what="free cores")


@pytest.mark.parametrize("end", ["exit 3", "kill -9 $$"])
def test_cores_are_free_again_however_a_job_ends(host, end):
    assert vrun(host, "-n", 2, "sh", "-c", end).code != 0
    eventually(lambda: asked(host, "-n", 2) == {0: {FIRST}, 1: {SECOND}}, 60, what="free cores")


def test_report_bindings_says_what_the_rank_has(host):
    ended = vrun(host, "-n", 2, "--report-bindings", "true")
    assert ended.code == 0, ended
    lines = [line for line in ended.err.splitlines() if "MCW rank" in line]
    assert len(lines) == 2, ended.err
    assert all(re.match(rf"\[{host.name}:\d+\] MCW rank \d bound to socket 0\[core \d+\[hwt \d+\]\]: \[[B./]+\]",
                        line) for line in lines), lines
    unbound = vrun(host, "-n", 1, "--bind-to", "none", "--report-bindings", "true")
    assert "MCW rank 0 " in unbound.err


def test_the_plan_is_shown(host):
    ended = vrun(host, "-n", 3, "--display", "map,allocation,topo", "--do-not-launch", "no-such-program")
    assert ended.code == 0, ended
    assert f"{host.name}: slots=4 max_slots=0 slots_from=--slots" in ended.out, ended.out
    assert f"Data for node: {host.name}  Num slots: 4  Num procs: 3" in ended.out
    assert "Process rank: 2  App: 0 (no-such-program)" in ended.out
    assert "core:2" in ended.out
