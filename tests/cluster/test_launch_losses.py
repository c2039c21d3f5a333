# SPDX-License-Identifier: Apache-2.0
"""Who is killed at any moment of a launch: vrun, a daemon, a rank. See launches.py."""

import signal

import pytest

import launches
from faults import named


@pytest.fixture(scope="module")
def pair(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds(*launches.SETTINGS)
    return cluster


def kill(pair, host, name, codes, is_named=True):
    launches.kill_at_all_moments(pair, host, lambda at: named(at, name), codes, is_named)


def test_vrun(pair):
    kill(pair, pair.master, "vrun", {-signal.SIGKILL}, is_named=False)


def test_the_controller(pair):
    kill(pair, pair.master, "vrund", {122}, is_named=False)


def test_the_daemon_of_a_node(pair):
    """Too few slots, if that comes before it is asked."""
    kill(pair, pair.workers[1], "vrund", {120, 121})


def test_a_rank(pair):
    kill(pair, pair.workers[1], "sleep", {128 + signal.SIGKILL})
