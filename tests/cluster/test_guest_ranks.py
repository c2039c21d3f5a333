# SPDX-License-Identifier: Apache-2.0
"""Ranks from another system's image (Debian 13: Open MPI 5, MPICH 4.2) under this system's daemons.

VRUN_GUEST_ROOT: the other system; VRUN_GUEST_EXAMPLES: the examples as built there."""

import os

import pytest

from jobs import HELLO, assert_hello, vrun

GUEST = os.environ.get("VRUN_GUEST_ROOT")
pytestmark = pytest.mark.skipif(not GUEST, reason="VRUN_GUEST_ROOT is not set")
IN_GUEST = ["chroot", "/srv/guest"]


@pytest.fixture(scope="module")
def mixed(make_cluster):
    cluster = make_cluster(4, guest=GUEST, mounts={
        "/srv/vrun/guest-examples": os.environ["VRUN_GUEST_EXAMPLES"]})
    for host in cluster.workers:  # where the guest sees them too
        assert host.run(["cp", "-r", "/srv/vrun/guest-examples", "/tmp/.guest-examples"]).code == 0
    cluster.start_vrunds("--slots", "2")
    return cluster


def test_the_guest_is_another_system(mixed):
    versions = [vrun(mixed.master, "-n", 1, *enter, "cat", "/etc/debian_version").out.split(".")[0]
                for enter in ([], IN_GUEST)]
    assert versions == ["12", "13"]


@pytest.mark.parametrize("mpi", ["openmpi", "mpich"])
@pytest.mark.parametrize("example", ["hello", "ring", "connectivity"])
def test_guest_ranks_are_one_job(mixed, example, mpi):
    ended = vrun(mixed.master, "-n", 8, *IN_GUEST, f"/tmp/.guest-examples/{mpi}/{example}", 8)
    assert ended.code == 0, ended
    if example == "hello":
        assert_hello(ended, 8, {f"w{number}": 2 for number in range(1, 5)})


@pytest.mark.parametrize("mpi", ["openmpi", "mpich"])
def test_abort_in_a_guest(mixed, mpi):
    ended = vrun(mixed.master, "-n", 8, *IN_GUEST, f"/tmp/.guest-examples/{mpi}/abort", 5, 7)
    assert ended.code == 7, ended


def test_ranks_of_this_system_still_run(mixed):
    assert_hello(vrun(mixed.master, "-n", 8, HELLO, 8), 8, {f"w{n}": 2 for n in range(1, 5)})
