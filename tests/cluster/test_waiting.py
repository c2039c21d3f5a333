# SPDX-License-Identifier: Apache-2.0
"""`vrun --wait`: a job starts when its hosts are there, or the time is over (docs/discovery.md)."""

import signal

import pytest

from host import HOME, eventually
from jobs import HELLO, assert_hello, hosts_of, vrun

WAITING = "waiting for "


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "2")
    return cluster


@pytest.fixture(autouse=True)
def ended(cluster):
    """No vrun goes on after a test that failed."""
    yield
    for host in cluster.hosts:
        for process in host.started:
            if process is not host.vrund and process.command[0] in ("vrun", "script"):
                process.stop(signal.SIGKILL)


def start_waiting(host, *arguments, **options):
    """A vrun that says that it waits."""
    process = host.start(["vrun", "-v", "--wait", "300s", *arguments], **options)
    process.wait_for(WAITING, 60)
    return process


def assert_started(process, per_host):
    assert process.wait(120) == 0, process.err
    found = list(hosts_of(process.out).values())
    assert {host: found.count(host) for host in found} == per_host


@pytest.fixture
def third(cluster):
    """In the DNS; its daemon is the test's to start."""
    host = cluster.add_host()
    yield host
    cluster.remove_host(host)


def test_it_starts_when_the_slots_are_there(cluster):
    waiting = start_waiting(cluster.master, "-n", "6", HELLO)
    waiting.wait_for("waiting for 6 slots: 4 on 2 nodes are there")
    third = cluster.add_host()
    waiting.wait_for(f"4 on 2 nodes are there; not yet: {third.address}", 60)
    cluster.start_vrunds("--slots", "2", hosts=[third])
    assert_started(waiting, {"w1": 2, "w2": 2, third.name: 2})
    cluster.remove_host(third)
    cluster.assert_clean()


def test_a_terminal_shows_what_is_waited_for(cluster, third):
    line = "vrun --wait 5m -n 6 " + HELLO
    shown = cluster.master.start(["script", "-qec", line, "/dev/null"],
                                 env={"TERM": "xterm", "COLUMNS": "200"})
    shown.wait_for("waiting for 6 slots: 4 on 2 nodes are there; not yet: ", 60)
    cluster.start_vrunds("--slots", "2", hosts=[third])
    assert shown.wait(120) == 0, shown.out


def test_there_is_nothing_to_wait_for(cluster):
    assert_hello(vrun(cluster.master, "--wait", 60, "-n", 4, HELLO), 4, {"w1": 2, "w2": 2})
    assert_hello(vrun(cluster.master, HELLO, env={"VRUN_WAIT": "1m"}), 4, {"w1": 2, "w2": 2})


def test_the_time_is_over(cluster):
    ended = vrun(cluster.master, "--wait", "1s", "-n", 100, HELLO)
    assert ended.code == 120 and not ended.out, ended
    for words in ("after 1 s of waiting (--wait): too few slots: 100 ranks asked for, 4 slots on 2 "
                  "nodes", "w1: 2 slots", "Type -n 4"):
        assert words in ended.err, ended


def test_what_waiting_cannot_mend_ends_it_at_once(cluster):
    ended = vrun(cluster.master, "--wait", "300s", "--host", "w1:x", HELLO)
    assert ended.code == 2, ended
    assert vrun(cluster.master, "--wait", "soon", HELLO).code == 2


def test_named_hosts_are_waited_for(cluster, third):
    waiting = start_waiting(cluster.master, "--host", f"w1,{third.name}", HELLO)
    waiting.wait_for(f"waiting for hosts: 1 node is there; not yet: {third.name}")
    cluster.start_vrunds("--slots", "2", hosts=[third])
    assert_started(waiting, {"w1": 1, third.name: 1})


def test_a_name_that_does_not_exist_yet_is_waited_for(cluster):
    name = f"w{len(cluster.workers) + 3}"  # numbers go on; those of hosts that are gone are not used again
    ended = vrun(cluster.master, "--wait", "1s", "--host", f"w1,{name}nowhere", HELLO)
    assert ended.code == 120, ended
    assert f"{name}nowhere" in ended.err and "NXDOMAIN" in ended.err, ended


def test_a_named_host_that_goes_is_waited_for_again(cluster, third):
    fourth = cluster.add_host()
    cluster.start_vrunds("--slots", "2", hosts=[third])
    waiting = start_waiting(cluster.master, "--host", f"{third.name},{fourth.name}", HELLO)
    waiting.wait_for(f"1 node is there; not yet: {fourth.name}\n")
    third.vrund.send_signal(signal.SIGKILL)
    eventually(lambda: waiting.err.splitlines()[-1].endswith(f"{third.name}, {fourth.name}"), 60)
    cluster.start_vrunds("--slots", "2", hosts=[third, fourth])
    assert_started(waiting, {third.name: 1, fourth.name: 1})
    cluster.remove_host(fourth)


@pytest.mark.parametrize("hosts", [[], ["--host", "w1,w2"]], ids=["sources", "named"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_who_gives_up_leaves_nothing(cluster, number, hosts):
    waiting = start_waiting(cluster.master, *hosts, "-n", "100", HELLO)
    code = waiting.stop(number)
    assert code == (130 if number == signal.SIGINT else -number)
    assert not waiting.out
    cluster.assert_clean()


def test_nobody_is_watched_any_more(cluster, third):
    waiting = start_waiting(cluster.master, "-n", "100", HELLO)
    waiting.stop(signal.SIGINT)
    cluster.start_vrunds("--slots", "2", "--log-level", "debug", hosts=[third])
    per_host = {"w1": 2, "w2": 2, third.name: 2}
    assert_hello(vrun(cluster.workers[0], HELLO), 6, per_host)  # time goes by
    assert "connected node=master" not in third.vrund.err


def test_a_file_is_waited_for(cluster):
    """Without any host at first: the file does not exist."""
    alone = cluster.add_stranger("alone", 900)
    try:
        path = f"{HOME}/hosts"
        cluster.start_vrunds("--slots", "2", hosts=[alone], env={"VRUN_DISCOVERY": f"file:{path}"})
        waiting = start_waiting(alone, "-n", "4", HELLO)
        assert "waiting for 4 slots: 0 on 0 nodes" in waiting.err
        alone.path(path).write_text("w1\nw2\n")
        assert_started(waiting, {"w1": 2, "w2": 2})
    finally:
        alone.close()
        cluster.hosts.remove(alone)


def test_a_private_daemon_waits_as_well(cluster):
    alone = cluster.add_stranger("private", 901)
    try:
        ended = vrun(alone, "--wait", "1s", "-n", 4000, "true")
        assert ended.code == 120 and "after 1 s of waiting" in ended.err, ended
        alone.assert_clean()
    finally:
        alone.close()
        cluster.hosts.remove(alone)
