# SPDX-License-Identifier: Apache-2.0
"""Hosts come and go: `vrunctl hosts --watch` says so, and hostfiles stay true (docs/discovery.md)."""

import contextlib
import json
import signal

import pytest

from host import PLAIN_USER, eventually
from jobs import HELLO, assert_hello, vrun

LEASE = 10  # seconds; a host is suspect after 3
KEPT = "/srv/vrun/kept"
READER = "/srv/vrun/helpers/read_hostfile.py"


@pytest.fixture
def cluster(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "2", "--lease", str(LEASE), hosts=cluster.workers)
    yield cluster
    cluster.drop()
    cluster.stop_vrunds()


def start_watch(cluster):
    cluster.start_vrunds("--slots", "2", "--lease", str(LEASE), hosts=[cluster.master])
    return cluster.master.start(["vrunctl", "hosts", "--watch", "--json"])


def lists(watch):
    """The whole lists so far, each as its hosts."""
    found = []
    for text in watch.out.split("\n\n"):
        with contextlib.suppress(json.JSONDecodeError):  # not whole yet
            found.append(json.loads(text)["hosts"])
    return found


def states(hosts):
    return {host["name"]: host["state"] for host in hosts if host["name"]}


def wait_for_hosts(watch, **wanted):
    """Until these are the hosts; the last list."""
    try:
        return eventually(lambda: (found := lists(watch)) and states(found[-1]) == wanted
                          and found[-1], 60)
    except TimeoutError:
        raise AssertionError(f"not {wanted}: {watch.out[-2000:]}\n{watch.err}") from None


def problem_of(host, hosts):
    return next((one["problem"] for one in hosts if one["address"] == host.address), "")


def test_hosts_appear_and_disappear(cluster):
    watch = start_watch(cluster)
    wait_for_hosts(watch, w1="up", w2="up")
    third = cluster.add_host()
    eventually(lambda: "nothing listens there" in problem_of(third, lists(watch)[-1]), 60)
    cluster.start_vrunds("--slots", "2", hosts=[third])
    wait_for_hosts(watch, w1="up", w2="up", w3="up")
    third.vrund.send_signal(signal.SIGKILL)
    wait_for_hosts(watch, w1="up", w2="up")
    cluster.start_vrunds("--slots", "4", hosts=[third])  # another incarnation, same name and address
    hosts = wait_for_hosts(watch, w1="up", w2="up", w3="up")
    assert {host["name"]: host["slots"] for host in hosts} == {"w1": 2, "w2": 2, "w3": 4}
    cluster.remove_host(third)
    wait_for_hosts(watch, w1="up", w2="up")
    assert_hello(vrun(cluster.master, HELLO), 4, {"w1": 2, "w2": 2})
    assert watch.stop(signal.SIGINT) in (-signal.SIGINT, 130)
    told = lists(watch)
    assert all(one != next_one for one, next_one in zip(told, told[1:])), "a list came twice"


def test_a_silent_host_is_suspect_then_lost(cluster):
    watch = start_watch(cluster)
    wait_for_hosts(watch, w1="up", w2="up")
    silent = cluster.workers[1]
    cluster.drop(f"ip saddr {silent.address}", f"ip daddr {silent.address}")
    wait_for_hosts(watch, w1="up")
    seen = [states(hosts).get("w2") for hosts in lists(watch)]
    assert list(dict.fromkeys(seen[seen.index("up"):])) == ["up", "suspect", None], seen
    assert any("silent for" in problem_of(silent, hosts) for hosts in lists(watch))
    cluster.drop()
    wait_for_hosts(watch, w1="up", w2="up")
    watch.stop()


def test_a_failing_dns_server_takes_nobody_away(cluster):
    watch = start_watch(cluster)
    wait_for_hosts(watch, w1="up", w2="up")
    cluster._dns.send_signal(signal.SIGSTOP)
    try:
        eventually(lambda: "dns:tasks.worker" in watch.err, 60)  # the daemon noticed
        wait_for_hosts(watch, w1="up", w2="up")
        cluster.workers[1].vrund.send_signal(signal.SIGKILL)
        wait_for_hosts(watch, w1="up")
    finally:
        cluster._dns.send_signal(signal.SIGCONT)
    watch.stop()


def test_nobody_is_watched_without_a_reason(cluster):
    cluster.start_vrunds("--slots", "2", hosts=[cluster.master])
    watch = cluster.master.start(["vrunctl", "hosts", "--watch", "--json"])
    wait_for_hosts(watch, w1="up", w2="up")
    watch.stop(signal.SIGKILL)
    third = cluster.add_host()
    cluster.start_vrunds("--slots", "2", "--log-level", "debug", hosts=[third])
    assert_hello(vrun(cluster.workers[0], HELLO), 6, {"w1": 2, "w2": 2, "w3": 2})  # time goes by
    assert "connected node=master" not in third.vrund.err


def kept_file(host, name):
    with contextlib.suppress(FileNotFoundError):
        return host.path(f"{KEPT}/{name}").read_text()
    return None


def start_keeper(cluster, *more):
    master = cluster.master
    master.path(KEPT).mkdir(exist_ok=True)
    cluster.start_vrunds("--slots", "2", "--lease", str(LEASE), "--hostfile", f"{KEPT}/openmpi",
                         "--hostfile", f"{KEPT}/mpich:mpich", "--hostfile", f"{KEPT}/plain:plain",
                         *more, hosts=[master])
    return master


def test_hostfiles_are_kept_true(cluster):
    master = start_keeper(cluster, "--on-change", f"echo $VRUN_HOSTFILE >> {KEPT}/changes")
    first, second = cluster.workers
    both = {"openmpi": f"{first.address} slots=2\n{second.address} slots=2\n",
            "mpich": f"{first.address}:2\n{second.address}:2\n",
            "plain": f"{first.address}\n{second.address}\n"}
    for name, text in both.items():
        eventually(lambda: kept_file(master, name) == text, 60, name)
        assert master.run(["vrunctl", "hosts", "--format", name]).out == text
    eventually(lambda: kept_file(master, "changes"), 60)
    changes = kept_file(master, "changes")
    assert set(changes.split()) == {f"{KEPT}/openmpi"}
    assert master.run(["cat", f"{KEPT}/openmpi"], user=PLAIN_USER).out == both["openmpi"]

    def stays_untouched():
        inode = master.path(f"{KEPT}/openmpi").stat().st_ino
        assert_hello(vrun(master, HELLO), 4, {"w1": 2, "w2": 2})  # time goes by
        return master.path(f"{KEPT}/openmpi").stat().st_ino == inode

    assert any(stays_untouched() for _ in range(3))  # a host of a starved machine may be suspect
    second.vrund.send_signal(signal.SIGKILL)
    eventually(lambda: kept_file(master, "plain") == f"{first.address}\n", 60)
    eventually(lambda: kept_file(master, "changes") != changes, 60)
    assert sorted(entry.name for entry in master.path(KEPT).iterdir()) == [
        "changes", "mpich", "openmpi", "plain"]


def start_reader_of_an_old_file(cluster):
    master = cluster.master
    master.path(KEPT).mkdir(exist_ok=True)
    master.path(f"{KEPT}/plain").write_text(f"{cluster.workers[0].address}\n")
    return master.start(["/usr/bin/python3", READER, f"{KEPT}/plain"])


def assert_never_empty(cluster, reader):
    wanted = [worker.address for worker in cluster.workers]
    eventually(lambda: kept_file(cluster.master, "plain").split() == wanted, 60)
    reader.send_signal(signal.SIGTERM)
    assert reader.wait() == 0, reader.err
    assert all(reader.out.splitlines()), reader.out


def test_hosts_that_nobody_told_of_yet_are_not_no_hosts(cluster):
    """A restarted master whose DNS server does not answer keeps what the files say."""
    master = cluster.master
    reader = start_reader_of_an_old_file(cluster)
    cluster._dns.send_signal(signal.SIGSTOP)
    try:
        start_keeper(cluster)
        watch = master.start(["vrunctl", "hosts", "--watch", "--json"])
        eventually(lambda: "dns:tasks.worker" in watch.err, 60)
        watch.stop()
        assert kept_file(master, "openmpi") is None
    finally:
        cluster._dns.send_signal(signal.SIGCONT)
    assert_never_empty(cluster, reader)


def test_hosts_that_have_not_answered_yet_are_not_no_hosts(cluster):
    """The list is there; connecting takes longer than a first list is waited for."""
    reader = start_reader_of_an_old_file(cluster)
    cluster.drop(*(f"ip daddr {worker.address} tcp dport 7117" for worker in cluster.workers))
    watch = start_keeper(cluster).start(["vrunctl", "hosts", "--watch", "--json"])
    eventually(lambda: [] in lists(watch), 60)
    cluster.drop()
    assert_never_empty(cluster, reader)
    watch.stop()


def test_suspect_hosts_are_not_no_hosts(cluster):
    """The master's own network is away for a moment."""
    reader = start_reader_of_an_old_file(cluster)
    master = start_keeper(cluster)
    watch = master.start(["vrunctl", "hosts", "--watch", "--json"])
    wait_for_hosts(watch, w1="up", w2="up")
    cluster.drop(f"ip saddr {master.address}", f"ip daddr {master.address}")
    wait_for_hosts(watch, w1="suspect", w2="suspect")
    cluster.drop()
    wait_for_hosts(watch, w1="up", w2="up")
    assert_never_empty(cluster, reader)
    watch.stop()


def test_a_hostfile_that_cannot_be_written_is_said(cluster):
    master = cluster.master
    master.path(KEPT).mkdir(exist_ok=True)
    cluster.start_vrunds("--slots", "2", "--hostfile", f"{KEPT}/none/file", hosts=[master])
    master.vrund.wait_for(f"write {KEPT}/none/file", 60)
    assert "No such file or directory" in master.vrund.err
    assert_hello(vrun(master, HELLO), 4, {"w1": 2, "w2": 2})


def test_a_reader_never_sees_a_torn_file(cluster):
    """200 changes while a reader loops; it sees whole lines, and never a file without hosts."""
    master = start_keeper(cluster)
    flapping = cluster.add_workers(4)
    cluster.start_vrunds("--slots", "2", hosts=flapping)
    hosts = [f"{worker.address}" for worker in cluster.workers]

    def wait_for_lines(wanted):
        eventually(lambda: (kept_file(master, "plain") or "").split() == wanted, 60, f"{wanted}")

    wait_for_lines(hosts)
    reader = master.start(["/usr/bin/python3", READER, f"{KEPT}/plain"])
    for _ in range(25):
        for worker in flapping:
            worker.vrund.send_signal(signal.SIGKILL)
        wait_for_lines(hosts[:2])
        cluster.start_vrunds("--slots", "2", hosts=flapping)
        wait_for_lines(hosts)
    reader.send_signal(signal.SIGTERM)
    assert reader.wait() == 0, reader.err
    seen = [line.split() for line in reader.out.splitlines()]
    assert hosts in seen and hosts[:2] in seen
    assert all(line[:2] == hosts[:2] and set(line) <= set(hosts) for line in seen), seen
