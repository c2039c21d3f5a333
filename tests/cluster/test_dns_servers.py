# SPDX-License-Identifier: Apache-2.0
"""Other DNS servers than the cluster's own: NSD, and one that answers wrongly on purpose.

Whatever a server says or does not say, no answer is mistaken for "no hosts": the hosts of the last
good list stay, and the reason is told (docs/discovery.md).
"""

import contextlib
import json
import signal
import time

import pytest

from dns_hosts import Nsd, OddServer, ask_server
from jobs import HELLO, assert_hello, vrun
from watching import Watching

TTL = 600  # seconds, of every answer here


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "2", hosts=cluster.workers)
    return cluster


@pytest.fixture(scope="module")
def nsd(cluster):
    return Nsd(cluster)


@pytest.fixture(scope="module")
def odd(cluster):
    return OddServer(cluster)


@contextlib.contextmanager
def master_asks(cluster, server, source, port=7117):
    """The master's daemon, which finds hosts by this source at this server."""
    master = cluster.master
    ask_server(master, server.host.address)
    vrund = master.start_vrund("--slots", "2", "--port", str(port), wait=False,
                               env={"VRUN_DISCOVERY": source})
    try:
        master.wait_for_vrund(port=port)
        yield master
    finally:
        vrund.stop()


def addresses(cluster):
    return [worker.address for worker in cluster.workers[:2]]


def nobody(count):
    """So many addresses where nothing listens: of the loopback network."""
    return [f"127.{1 + i // 250}.{1 + i % 250}.1" for i in range(count)]


# -- NSD -------------------------------------------------------------------------------------------


def test_hosts_of_another_server_come_and_go_whatever_the_ttl(cluster, nsd):
    first, second = addresses(cluster)
    nsd.set("tasks", first)
    with master_asks(cluster, nsd, "dns:tasks.worker") as master, Watching(master) as watch:
        watch.wait_for(["w1"])
        assert f" {TTL} " in " ".join(master.run(["dig", "tasks.worker"]).out.split())
        for listed, up in (([first, second], ["w1", "w2"]), ([second], ["w2"])):
            nsd.set("tasks", *listed)
            began = time.monotonic()
            watch.wait_for(up)
            seconds = time.monotonic() - began
            print(f"the answer changed, and {up} were seen {seconds:.1f} s later")
            assert seconds < TTL / 10


@pytest.mark.parametrize("transport", ["udp-then-tcp", "tcp-only"])
def test_two_thousand_addresses(cluster, nsd, transport):
    """Two hosts, and 1,998 addresses where nothing listens: none is forgotten."""
    nsd.set("many", *addresses(cluster), *nobody(1998))
    if transport == "tcp-only":
        cluster.drop("udp dport 53")
    try:
        with master_asks(cluster, nsd, "dns:many.worker", port=7200) as master:
            listed = json.loads(master.run(["vrunctl", "hosts", "--json"], timeout=120).out)
    finally:
        cluster.drop()
    assert not listed["problems"]
    assert len({host["address"] for host in listed["hosts"]}) == 2000
    assert sorted(host["name"] for host in listed["hosts"] if host["state"] == "up") == ["w1", "w2"]


def test_more_than_dns_can_answer_is_no_list(cluster, nsd):
    """5,000 addresses fit into no answer: NSD's comes over TCP, empty, and says that it was cut."""
    nsd.set("large", *addresses(cluster), *nobody(4998), "fd77::1")
    with master_asks(cluster, nsd, "dns:large.worker") as master:
        ended = vrun(master, HELLO)
    assert ended.code == 121 and "limit of 64 KiB" in ended.err, ended


def test_names_that_lead_to_the_node_itself(cluster, nsd):
    """Twice by its own address, once by 127.0.0.1, and its own name in /etc/hosts as Debian has it."""
    first, _ = addresses(cluster)
    nsd.set("self", cluster.master.address, "127.0.0.1", first)
    names = cluster.master.path("/etc/hosts")
    before = names.read_text()
    names.write_text("127.0.0.1 localhost\n127.0.1.1 master\n")
    try:
        with master_asks(cluster, nsd, "dns:self.worker") as master:
            assert_hello(vrun(master, HELLO), 4, {"master": 2, "w1": 2})
            assert_hello(vrun(master, "-n", 4, "--host", f"master:2,{first}:2", HELLO), 4,
                         {"master": 2, "w1": 2})
        with master_asks(cluster, nsd, "hosts:master,self.worker") as master:
            assert_hello(vrun(master, HELLO), 2, {"master": 1, "w1": 1})
    finally:
        names.write_text(before)


def test_hosts_with_ipv6_alone(cluster, nsd):
    hosts = [cluster.master, *cluster.workers[:2]]
    cluster.stop_vrunds()
    try:
        for number, host in enumerate([*hosts, nsd.host], 1):
            host.run(["sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6"])
            cluster.ip(host.pidfd, [f"addr add fd77::{number}/64 dev eth0 nodad"])
        for host in hosts:
            cluster.ip(host.pidfd, [f"addr del {host.address}/16 dev eth0"])
        nsd.set("six", "fd77::2", "fd77::3")
        ask_server(cluster.master, "fd77::4")
        cluster.start_vrunds("--slots", "2", hosts=hosts, env={"VRUN_DISCOVERY": "dns:six.worker"})
        listed = json.loads(cluster.master.run(["vrunctl", "hosts", "--json"]).out)
        assert {host["address"] for host in listed["hosts"]} == {"fd77::2", "fd77::3"}, listed
        ended = vrun(cluster.master, "sh", "-c", "echo rank $VRUN_RANK of 4 on $VRUN_NODE")
        assert_hello(ended, 4, {"w1": 2, "w2": 2})
        assert_hello(vrun(cluster.master, HELLO), 4, {"w1": 2, "w2": 2})
        for form in "openmpi", "plain":  # bare addresses, which other launchers want
            text = cluster.master.run(["vrunctl", "hosts", "--format", form]).out
            cluster.master.path("/tmp/six").write_text(text)
            ended = vrun(cluster.master, "--hostfile", "/tmp/six", "-n", "4", HELLO)
            assert_hello(ended, 4, {"w1": 2, "w2": 2})
        listed = cluster.master.run(["vrunctl", "hosts", "--format", "mpich"]).out
        assert listed == "w1:2\nw2:2\n"
    finally:
        cluster.stop_vrunds()
        for host in hosts:
            cluster.ip(host.pidfd, [f"addr add {host.address}/16 dev eth0"])
            host.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6"])
        cluster.start_vrunds("--slots", "2", hosts=cluster.workers)


# -- a server that answers wrongly -----------------------------------------------------------------


FAILS = {"trouble": "servfail"}
NONE = {}


def troubles(good):
    """What the server does to A and to AAAA, and the words for it."""
    def with_trouble(word):
        return good | {"trouble": word}
    return {
        "nxdomain": ({"trouble": "nxdomain"}, {"trouble": "nxdomain"}, "NXDOMAIN"),
        "no address": (NONE, NONE, "NODATA"),
        "servfail": (FAILS, FAILS, "A records"),
        "refused": ({"trouble": "refused"}, {"trouble": "refused"}, "A records"),
        "A fails": (FAILS, {"addresses": ["fd77::1"]}, "A records"),
        "AAAA fails": (good, FAILS, "AAAA records"),
        "silent": ({"trouble": "silent"}, {"trouble": "silent"}, "did not answer in time"),
        "UDP answers by halves": (with_trouble("cut"), NONE, "dns:tasks.odd"),
        "TCP answers by halves": (with_trouble("half"), NONE, "dns:tasks.odd"),
        "garbage": (with_trouble("garbage"), NONE, "dns:tasks.odd"),
    }


def test_no_answer_takes_hosts_away(cluster, odd):
    good = {"addresses": addresses(cluster)}
    both = ["w1", "w2"]
    odd.set("tasks.odd", good)
    with master_asks(cluster, odd, "dns:tasks.odd") as master, Watching(master) as watch:
        watch.wait_for(both)
        for what, (ipv4, ipv6, words) in troubles(good).items():
            told = len(watch.process.out)
            odd.set("tasks.odd", ipv4, ipv6)
            watch.wait_for(both, words)
            odd.set("tasks.odd", good)
            watch.wait_for(both)
            assert '"down"' not in watch.process.out[told:], what
        odd.set("tasks.odd", FAILS, FAILS)
        watch.wait_for(both, "A records")
        ended = vrun(master, HELLO)
        assert_hello(ended, 4, {"w1": 2, "w2": 2})
        assert "dns:tasks.odd" in ended.err, "the reason is told with the job too"


def test_slow_and_partly_deaf_servers_are_heard(cluster, odd):
    """After 3 s; only over TCP. The list is whole, and nothing is wrong."""
    for trouble in ("slow", "no-udp"):
        odd.set("tasks.odd", {"addresses": addresses(cluster), "trouble": trouble})
        with master_asks(cluster, odd, "dns:tasks.odd") as master:
            ended = vrun(master, HELLO)
        assert_hello(ended, 4, {"w1": 2, "w2": 2})
        assert "dns:" not in ended.err, (trouble, ended)


@pytest.mark.parametrize("trouble, words", [("nxdomain", "NXDOMAIN"), ("servfail", "A records")])
def test_without_a_list_the_reason_is_told(cluster, odd, trouble, words):
    odd.set("tasks.odd", {"trouble": trouble}, {"trouble": trouble})
    with master_asks(cluster, odd, "dns:tasks.odd") as master:
        ended = vrun(master, HELLO)
        listed = json.loads(master.run(["vrunctl", "hosts", "--json"]).out)
    assert ended.code == 121 and "dns:tasks.odd" in ended.err and words in ended.err, ended
    assert not listed["hosts"] and words in listed["problems"][0]


def test_a_server_that_is_down_takes_nobody_away(cluster, odd):
    odd.set("tasks.odd", {"addresses": addresses(cluster)})
    with master_asks(cluster, odd, "dns:tasks.odd") as master, Watching(master) as watch:
        watch.wait_for(["w1", "w2"])
        odd.server.stop(signal.SIGKILL)
        watch.wait_for(["w1", "w2"], "dns:tasks.odd")
        assert_hello(vrun(master, HELLO), 4, {"w1": 2, "w2": 2})
    odd.restart()


def test_an_answer_of_65535_bytes_may_not_be_whole(cluster, odd):
    name = "tasks.limit13"  # its question and 4,094 records are 65,535 bytes
    odd.set(name, {"addresses": nobody(4092) + addresses(cluster)})
    size = cluster.master.run(["dig", "+tcp", "+noedns", f"@{odd.host.address}", name]).out
    assert "rcvd: 65535" in size
    with master_asks(cluster, odd, f"dns:{name}") as master:
        ended = vrun(master, HELLO)
    assert ended.code == 121 and "limit of 64 KiB" in ended.err, ended
