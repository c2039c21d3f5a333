# SPDX-License-Identifier: Apache-2.0
"""Who is killed at any moment of a launch: a shepherd or its guard. See launches.py."""

import pytest

import launches


@pytest.fixture(scope="module")
def pair(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds(*launches.SETTINGS)
    return cluster


@pytest.mark.parametrize("guards", [False, True], ids=["shepherd", "guard"])
@pytest.mark.parametrize("worker", [0, 1], ids=["root", "leaf"])
def test_a_shepherd(pair, worker, guards):
    find = lambda host: launches.shepherds(host, guards)
    launches.kill_at_all_moments(pair, pair.workers[worker], find, {121}, may_idle=True)
