# SPDX-License-Identifier: Apache-2.0
"""Every example, across hosts. Each is told how many ranks it must see."""

import re

import pytest

from jobs import PYTHON, vrun

EXAMPLES = "/srv/vrun/examples"
C = ["hello", "ring", "connectivity"]
IN_PYTHON = ["hello", "ring", "phi", "collectives"]


@pytest.mark.parametrize("name", C)
@pytest.mark.parametrize("ranks", [1, 2, 8])
def test_c(four, name, ranks):
    ended = vrun(four.master, "-n", ranks, "--map-by", "node", f"{EXAMPLES}/openmpi/{name}", ranks)
    assert ended.code == 0, ended
    assert f"of {ranks}" in ended.out


@pytest.mark.parametrize("name", IN_PYTHON)
def test_mpi4py(four, name):
    ended = vrun(four.master, "-n", 8, "--map-by", "node", PYTHON, f"{EXAMPLES}/{name}.py", 8,
                 timeout=180)
    assert ended.code == 0, ended


def test_pi_is_computed_by_every_host(four):
    ended = vrun(four.master, "-n", 8, "--map-by", "node", PYTHON, f"{EXAMPLES}/phi.py", 8,
                 timeout=180)
    assert "pi is 3.1415926" in ended.out
    rows = re.findall(r"^rank +(\d+) on (\w+): (\d+) slices$", ended.out, re.M)
    assert [int(rank) for rank, _, _ in rows] == list(range(1, 8))
    assert {host for _, host, _ in rows} == {"w1", "w2", "w3", "w4"}
    assert sum(int(slices) for _, _, slices in rows) == 128


def test_the_examples_notice_a_wrong_number_of_ranks(four):
    for command in ([f"{EXAMPLES}/openmpi/hello", 3], [PYTHON, f"{EXAMPLES}/hello.py", 3]):
        assert vrun(four.master, "-n", 2, *command).code == 1


def test_two_jobs_at_once(four):
    jobs = [four.workers[index].start(
        ["vrun", "-n", "4", "--map-by", "node", f"{EXAMPLES}/openmpi/connectivity", "4"])
        for index in range(2)]
    for job in jobs:
        assert job.wait() == 0, job.err
        assert "connectivity of 4 ranks: 12 of 12 paths work" in job.out
    four.assert_clean()
