# SPDX-License-Identifier: Apache-2.0
"""Wires that lose large packets, wires that lose some, and a daemon that hardly gets to run."""

import time

import pytest

from cgroups import Cgroup
from faults import LEASE, assert_all_hosts_work, wait_for_the_end
from jobs import HELLO, PYTHON, assert_hello, vrun

LINES = "/srv/vrun/helpers/lines.py"
LOSS = "numgen random mod 100 < 5"
RANKS = 6


@pytest.fixture(autouse=True)
def whole_wires(trio):
    yield
    trio.drop()
    assert_all_hosts_work(trio)
    trio.assert_clean()


def large_packets_of(host):
    return [f"ip saddr {host.address} ip length > 1400", f"ip daddr {host.address} ip length > 1400"]


# Small packets pass: the connection is there, beats go both ways, until more than one packet is sent.
STUCK = {
    "output": ["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; exec sleep 1000"],
    "launch": ["sleep", "1000"],
}


@pytest.mark.parametrize("what", STUCK)
def test_large_packets_are_lost(trio, what):
    host = trio.workers[1]
    trio.drop(*large_packets_of(host))
    environment = {"MUCH": "".join(str(number) for number in range(20_000))} if what == "launch" else {}
    began = time.monotonic()
    job = trio.master.start(["vrun", "-n", str(RANKS), "--map-by", "node", "-x", "MUCH", *STUCK[what]],
                            env=environment)
    assert job.wait() == 121, job.err
    wait_for_the_end(trio, job, began)
    assert f"node {host.name}" in job.err, job.err


LOSSES = {
    "of_daemons": [f"tcp dport 7117 {LOSS}", f"tcp sport 7117 {LOSS}"],
    "of_all": [f"meta l4proto tcp {LOSS}"],
}


@pytest.mark.parametrize("whose", LOSSES)
def test_one_packet_in_twenty_is_lost(trio, whose):
    trio.drop(*LOSSES[whose])
    assert_hello(vrun(trio.master, "-n", 6, "--map-by", "node", HELLO, 6), 6, {"w1": 2, "w2": 2, "w3": 2})
    ended = vrun(trio.master, "-n", 6, "--map-by", "node", PYTHON, LINES, "5000", timeout=240)
    assert ended.code == 0, ended.err
    written = sorted(line.split()[:2] for line in ended.out.splitlines())
    assert written == [[f"{rank:04}", f"{line:08}"] for rank in range(6) for line in range(5000)]


@pytest.fixture
def starved():
    try:
        group = Cgroup("cpu")
    except OSError as error:
        pytest.skip(f"no cgroup of our own: {error}")
    with group:
        group.limit_cpu(1 / 50)
        yield group


@pytest.mark.parametrize("whose", ["worker", "controller"])
def test_a_daemon_gets_a_fiftieth_of_a_cpu(trio, starved, whose):
    host = trio.workers[1] if whose == "worker" else trio.master
    assert_all_hosts_work(trio)  # and shepherds are there, which get all they need
    starved.add(host.vrund.pid)
    ended = vrun(trio.master, "-n", RANKS, "--map-by", "node", "sh", "-c",
                 f"echo begun; sleep {2 * LEASE}; echo ended")
    assert ended.code == 0, ended
    assert ended.out.split().count("ended") == RANKS, ended
