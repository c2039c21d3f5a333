# SPDX-License-Identifier: Apache-2.0
"""The pretended cluster itself is what the other tests take it for."""

import signal

import pytest

from cluster import SERVICE, Cluster
from host import PLAIN_UID, PLAIN_USER, eventually

CONNECT = "import socket,sys; socket.create_connection((sys.argv[1], 7000), 1)"
SERVE = "import socket; s = socket.create_server(('', 7000))\nwhile True: s.accept()"


@pytest.fixture(scope="module")
def cluster(interrupted):
    with Cluster(3) as made:
        yield made


def test_hosts_share_neither_name_nor_files(cluster):
    first, second = cluster.workers[:2]
    for place in ("/tmp", "/run", "/dev/shm"):
        assert first.run(["touch", f"{place}/mine"]).code == 0
        assert second.run(["ls", place]).out == ""
        first.path(f"{place}/mine").unlink()
    assert [host.run(["hostname"]).out.strip() for host in (first, second)] == ["w1", "w2"]


def test_only_the_cluster_network_reaches_other_hosts(cluster):
    first, second = cluster.workers[:2]
    server = second.start(["/usr/bin/python3", "-c", SERVE])
    eventually(lambda: second.listens_on(7000))
    connect = ["/usr/bin/python3", "-c", CONNECT]
    assert first.run(connect + [second.address]).code == 0
    silence = first.run(connect + [second.gateway_address])
    assert "timed out" in silence.err  # not refused, not unreachable: a program waits for ever
    assert "default via 172.18.0.1 dev eth1" in first.run(["ip", "route"]).out
    server.stop(signal.SIGKILL)


def test_a_long_dns_answer_does_not_fit_into_udp(cluster):
    added = cluster.add_workers(57)
    short = cluster.master.run(["dig", "+ignore", "+notcp", SERVICE])
    assert " tc " in short.out
    whole = cluster.master.run(["dig", "+tcp", "+short", SERVICE])
    assert set(whole.out.split()) == {worker.address for worker in cluster.workers}
    assert len(whole.out.split()) == 60
    assert "NXDOMAIN" in cluster.master.run(["dig", "no.such.name"]).out
    cluster.remove_host(*added)
    assert len(cluster.master.run(["dig", "+short", SERVICE]).out.split()) == 3


def test_every_process_is_seen_and_ended(cluster):
    host = cluster.workers[0]
    host.start(["sh", "-c", "setsid sleep 1000 & setsid sleep 1000 & wait"])
    eventually(lambda: sum(p.name == "sleep" for p in host.processes()) == 2)
    with pytest.raises(AssertionError, match="sleep"):
        host.assert_clean(timeout=0)
    host.kill_processes()
    host.assert_clean()


def test_a_plain_user_exists(cluster):
    ended = cluster.workers[0].run(["sh", "-c", "id -u; id -un; echo $HOME; touch ~/x"],
                                   user=PLAIN_USER)
    assert ended.out.split() == [str(PLAIN_UID), PLAIN_USER, f"/srv/{PLAIN_USER}"]
    assert ended.code == 0


def test_a_closed_cluster_leaves_no_process(interrupted):
    with Cluster(2) as cluster:
        child = cluster.workers[0].start(["sh", "-c", "setsid sleep 1000 & wait"])
        holders = [host.pidfd for host in cluster.hosts]
        assert holders and child.poll() is None
    assert child.poll() == -signal.SIGKILL
    assert not cluster.directory.exists()
