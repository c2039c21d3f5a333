# SPDX-License-Identifier: Apache-2.0
"""No process, no descriptor, no room: vrun says where and what, nothing is left, and once there is
some again the same daemons go on."""

import contextlib
import re
import time

import pytest

from cgroups import Cgroup
from faults import LEASE, assert_all_hosts_work, end_idle_shepherds, named
from host import eventually
from jobs import HELLO, assert_hello, vrun

NODE_LOST, DAEMON_LOST = 121, 122
FEW = 64  # descriptors: enough for a daemon and a small job


@pytest.fixture(scope="module")
def pair(make_cluster):
    """w2 is the poor one."""
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "5", "--lease", str(LEASE))
    return cluster


@pytest.fixture
def poor(pair):
    host = pair.workers[1]
    end_idle_shepherds(host)
    yield host
    assert_all_hosts_work(pair)
    pair.assert_clean()


def assert_names_the_node(ended, *words):
    assert ended.code == NODE_LOST, ended
    assert ended.out == "" and ended.err.startswith("vrun: "), ended
    for word in ("node w2", *words):
        assert word in ended.err, ended
    assert "chmod" not in ended.err and "terminate called" not in ended.err, ended


# -- processes ---------------------------------------------------------------------------------------


@pytest.fixture
def crowd(poor):
    """The poor host's daemon and what it starts, in a group whose size can be limited."""
    try:
        group = Cgroup("pids")
    except OSError as error:
        pytest.skip(f"no cgroup of our own: {error}")
    with group:
        group.add(poor.vrund.pid)
        yield group


def leave(crowd, more):
    crowd.set("pids.max", int(crowd.get("pids.current")) + more)


@pytest.mark.parametrize("more", range(5))
def test_no_process_for_a_shepherd_or_a_rank(pair, poor, crowd, more):
    """The guard, the shepherd, libpmix's threads, ranks: each is once the first that cannot be."""
    leave(crowd, more)
    ended = vrun(pair.master, "-n", 6, "--map-by", "node", "sleep", "1000")
    assert_names_the_node(ended)
    assert vrun(pair.master, "-n", 2, "-H", "w1:2", "true").code == 0
    crowd.set("pids.max", "max")


def test_no_process_for_the_third_rank(pair, poor, crowd):
    assert_all_hosts_work(pair)  # the shepherd is there
    leave(crowd, 2)
    ended = vrun(pair.master, "-n", 4, "-H", "w2:4", "sleep", "1000")
    assert_names_the_node(ended, "rank 2", "pids.max", "limit")
    assert vrun(pair.master, "-n", 2, "-H", "w2:2", "true").code == 0  # so many fit
    crowd.set("pids.max", "max")


# -- descriptors -------------------------------------------------------------------------------------


def restart(host, *prefix):
    host.vrund.stop()
    eventually(lambda: not host.processes(), 60, "an empty host")
    host.vrund = host.start([*prefix, "vrund", "--slots", "30", "--lease", str(LEASE)],
                            env={"VRUN_KEY_FILE": "/srv/vrun/key", "VRUN_DISCOVERY": "dns:tasks.worker"})
    host.wait_for_vrund()


@pytest.fixture
def few_descriptors(pair, poor):
    restart(poor, "prlimit", f"--nofile={FEW}:{FEW}")
    yield poor
    restart(poor)


def cpu_seconds(host, process):
    fields = host.path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


CROWDS = {
    "local": "socket.AF_UNIX, '/run/vrun/vrund.sock'",
    "network": "socket.AF_INET, ('127.0.0.1', 7117)",
}
CROWD = """
import socket, sys, time
family, address = {where}
strangers = [socket.socket(family) for _ in range(60)]
for one in strangers:
    one.setblocking(False)
while True:  # the daemon sends away who says nothing: come again
    for at, one in enumerate(strangers):
        try:
            one.connect(address)
        except OSError:
            pass
        try:
            if one.recv(1) == b"": raise ConnectionError
        except BlockingIOError:
            pass
        except OSError:
            one.close()
            strangers[at] = socket.socket(family)
            strangers[at].setblocking(False)
    time.sleep(0.05)
"""


@pytest.mark.parametrize("door", CROWDS)
def test_a_daemon_without_descriptors_waits_for_some(pair, few_descriptors, door):
    host = few_descriptors
    daemon = named(host, "vrund")[0]
    crowd = host.start(["/usr/bin/python3", "-c", CROWD.format(where=CROWDS[door])])
    refused = lambda: len(re.findall(r"cannot accept a connection", host.vrund.err))
    eventually(lambda: refused() >= 2, 60, "a daemon that cannot accept")
    began, lines, used = time.monotonic(), refused(), cpu_seconds(host, daemon)
    eventually(lambda: refused() >= lines + 3, 60, "three more refusals")
    passed = time.monotonic() - began
    assert refused() - lines <= passed + 2  # once a second
    assert cpu_seconds(host, daemon) - used < passed / 2  # and in between it does not spin
    crowd.stop()
    assert named(host, "vrund")[0].pid == daemon.pid
    eventually(lambda: vrun(pair.master, "-n", 2, "-H", "w2:2", "true").code == 0, 60, "a job on w2")


def test_too_few_descriptors_for_the_ranks_of_a_shepherd(pair, few_descriptors):
    ended = vrun(pair.master, "-n", 20, "-H", "w2:20", HELLO, 20)
    assert_names_the_node(ended, "file descriptors", "ulimit -n")
    assert_hello(vrun(pair.master, "-n", 4, "-H", "w2:4", HELLO, 4), 4, {"w2": 4})


def test_too_few_descriptors_to_start_a_daemon(pair):
    ended = pair.master.run(["prlimit", "--nofile=16:16", "vrund", "--port", "7200", "--socket",
                             "/run/other.sock"])
    assert ended.code == 1 and ended.err.startswith("vrund: "), ended
    assert "file descriptors" in ended.err and "ulimit -n" in ended.err, ended


@pytest.mark.parametrize("limit", range(4, 20))
def test_too_few_descriptors_for_vrun(pair, limit):
    ended = pair.master.run(["prlimit", f"--nofile={limit}:{limit}", "vrun", "-n", "2", "true"])
    if ended.code != 0:  # enough is enough
        assert ended.code == DAEMON_LOST and ended.err.startswith("vrun: "), ended
        assert "file descriptors" in ended.err and "ulimit -n" in ended.err, ended
    assert limit > 10 or ended.code != 0, ended


# -- room --------------------------------------------------------------------------------------------


def remount(host, place, options):
    ended = host.run(["mount", "-o", f"remount,{options}", place])
    assert ended.code == 0, ended


@contextlib.contextmanager
def no_inodes(host, place):
    """No file can be made there, for all the bytes that are free."""
    used = host.run(["df", "--output=iused", place]).out.split()[1]
    remount(host, place, f"nr_inodes={used}")
    try:
        yield
    finally:
        remount(host, place, "nr_inodes=100000")


@pytest.fixture(params=["/tmp", "/dev/shm"])
def place(request, poor):
    yield request.param
    remount(poor, request.param, "size=64m")


def test_no_directory_can_be_made_for_a_shepherd(pair, poor):
    with no_inodes(poor, "/tmp"):
        ended = vrun(pair.master, "-n", 4, "--map-by", "node", HELLO, 4)
    assert_names_the_node(ended, "/tmp", "No space left on device")


def test_no_directory_can_be_made_for_a_job(pair, poor):
    assert_all_hosts_work(pair)  # the shepherd has its own
    pair.assert_clean()
    with no_inodes(poor, "/tmp"):
        ended = vrun(pair.master, "-n", 4, "--map-by", "node", HELLO, 4)
    assert_names_the_node(ended, "/tmp/vrun-s.", "No space left on device")


def test_a_full_file_system_harms_nothing(pair, poor, place):
    """What we keep there are names. Open MPI finds another way when /dev/shm is full."""
    remount(poor, place, "size=1m")
    poor.run(["sh", "-c", f"head -c 2m /dev/zero > {place}/full"])
    try:
        ended = vrun(pair.master, "-n", 4, "--map-by", "node", HELLO, 4)
    finally:
        poor.path(f"{place}/full").unlink()
    assert_hello(ended, 4, {"w1": 2, "w2": 2})


def test_no_inode_in_shared_memory_harms_nothing(pair, poor):
    with no_inodes(poor, "/dev/shm"):
        ended = vrun(pair.master, "-n", 4, "--map-by", "node", HELLO, 4)
    assert_hello(ended, 4, {"w1": 2, "w2": 2})
