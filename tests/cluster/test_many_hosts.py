# SPDX-License-Identifier: Apache-2.0
"""vrun -n N ./hello over many hosts that only the DNS knows, with no option about them."""

import re

import pytest

from jobs import HELLO, assert_hello, vrun


@pytest.mark.parametrize("typed_on", ["w1", "w3", "master"])
def test_twenty_ranks_on_four_hosts(four, typed_on):
    host = next(host for host in four.hosts if host.name == typed_on)
    ended = vrun(host, "-n", 20, HELLO, 20)
    assert_hello(ended, 20, {f"w{number}": 5 for number in range(1, 5)})
    four.assert_clean()


def test_verbose_names_the_network_that_carries_traffic(four):
    ended = vrun(four.master, "-v", "-n", 20, HELLO, 20)
    assert ended.code == 0, ended
    lines = [line for line in ended.err.splitlines() if "network" in line]
    assert any(re.search(r"10\.77\.0\.0/16.*eth0", line) for line in lines), ended.err
    assert "172.18" not in ended.err


def test_round_robin_by_node(four):
    ended = vrun(four.master, "-n", 4, "--map-by", "node", HELLO, 4)
    assert_hello(ended, 4, {f"w{number}": 1 for number in range(1, 5)})


def test_so_many_per_node(four):
    ended = vrun(four.master, "-N", 2, HELLO, 8)
    assert_hello(ended, 8, {f"w{number}": 2 for number in range(1, 5)})


def test_hosts_named_by_people(four):
    ended = vrun(four.master, "-n", 3, "--host", "w2:2,w4", HELLO, 3)
    assert_hello(ended, 3, {"w2": 2, "w4": 1})


def test_hosts_from_a_file(four):
    four.master.path("/tmp/hosts").write_text("# two of them\nw3 slots=2\nw1 slots=1\n")
    ended = vrun(four.master, "-n", 3, "--hostfile", "/tmp/hosts", HELLO, 3)
    four.master.path("/tmp/hosts").unlink()
    assert_hello(ended, 3, {"w3": 2, "w1": 1})


def test_a_host_that_joins_is_used(four):
    joined = four.add_host()
    joined.start_vrund("--slots", "5")
    try:
        ended = vrun(four.master, "-n", 25, HELLO, 25)
        assert_hello(ended, 25, {worker.name: 5 for worker in four.workers})
    finally:
        four.remove_host(joined)
    ended = vrun(four.master, "-n", 20, HELLO, 20)
    assert_hello(ended, 20, {worker.name: 5 for worker in four.workers})


def test_hosts_lists_every_node(four):
    ended = four.master.run(["vrunctl", "hosts"])
    assert ended.code == 0, ended
    for worker in four.workers:
        assert re.search(rf"\b{worker.name}\b", ended.out) or worker.address in ended.out, ended


def test_ping_asks_the_daemon_beside_it(four):
    """For health checks: an answer is enough, and no other host is asked."""
    assert four.master.run(["vrunctl", "ping"]) == (0, "", "")
    ended = four.master.run(["vrunctl", "ping", "--socket", "/no/such"])
    assert ended.code == 122 and "/no/such" in ended.err


def test_a_hundred_and_twenty_ranks_on_sixty_hosts(make_cluster):
    cluster = make_cluster(60)
    cluster.start_vrunds("--slots", "2")
    expected = {f"w{number}": 2 for number in range(1, 61)}
    for host in (cluster.master, cluster.workers[41]):
        assert_hello(vrun(host, "-n", 120, HELLO, 120, timeout=240), 120, expected)
    cluster.assert_clean()
