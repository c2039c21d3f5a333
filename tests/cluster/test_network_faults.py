# SPDX-License-Identifier: Apache-2.0
"""Hosts that hear others and are not heard, or the other way round: by all, by one. The job ends,
nothing is left, and once the wire is whole again so is the cluster. One daemon survives it all."""

import time

import pytest

from faults import LATE, LEASE, assert_all_hosts_work, sleepers, start_job, wait_for_the_end
from host import eventually

RANKS = 6


@pytest.fixture(autouse=True)
def whole_wires(trio):
    yield
    trio.drop()


# w1 is the root of the job's tree, w2 is below it, master is the controller: who sends to whom
# (None: to or from everybody), and which hosts may be named as lost.
CUTS = {
    "a_leaf_hears_nobody": (None, "w2", ["w2"]),
    "a_leaf_is_heard_by_nobody": ("w2", None, ["w2"]),
    "the_root_hears_nobody": (None, "w1", ["w1"]),
    "the_root_is_heard_by_nobody": ("w1", None, ["w1"]),
    "a_leaf_does_not_hear_the_root": ("w1", "w2", ["w1", "w2"]),
    "the_root_does_not_hear_a_leaf": ("w2", "w1", ["w1", "w2"]),
    "the_root_does_not_hear_the_controller": ("master", "w1", ["w1"]),
    "the_controller_does_not_hear_the_root": ("w1", "master", ["w1"]),
    "the_controller_does_not_hear_a_leaf": ("w2", "master", ["w2"]),
}


def match(cluster, source, target):
    address = {host.name: host.address for host in cluster.hosts}
    return " ".join([f"ip saddr {address[source]}" if source else "",
                     f"ip daddr {address[target]}" if target else ""])


@pytest.mark.parametrize("cut", CUTS)
def test_packets_are_lost_one_way(trio, cut):
    source, target, suspects = CUTS[cut]
    job = start_job(trio, RANKS)
    began = time.monotonic()
    trio.drop(match(trio, source, target))
    gone, ended = wait_for_the_end(trio, job, began)
    assert job.poll() == 121, job.err
    assert any(f"node {name}" in job.err for name in suspects), job.err
    assert gone < LEASE + 1 + LATE and ended < LEASE + 3 + LATE
    bystanders = [w for w in trio.workers if w.name not in suspects + [source, target]]
    words = ["-H", f"{bystanders[0].name}:2"]  # of whom the cluster has one at least, during the fault
    assert trio.master.run(["vrun", "-n", "2", *words, "true"]).code == 0
    trio.drop()
    assert_all_hosts_work(trio)
    assert_all_hosts_work(trio, trio.workers[1])
    trio.assert_clean()


def connections(host):
    """Established ones of daemons, as the kernel counts."""
    return len(host.run(["ss", "-Htn", "state", "established", "( sport = :7117 or dport = :7117 )"])
               .out.splitlines())


def test_after_all_that_no_connection_is_left_over(trio):
    hosts = trio.workers + [trio.master]
    # One per pair, as any host was controller of a job on all workers; two if both dialed at once.
    eventually(lambda: all(connections(host) <= 2 * len(trio.workers) for host in hosts), 90,
               "half-open connections to go")
    assert not sleepers(trio)
