# SPDX-License-Identifier: Apache-2.0
"""Who may talk to a daemon: who has the key. Whoever has not is refused, costs next to nothing, and
disturbs nobody. (tests/unit/wire_tls has the handshake itself.)"""

import os
import re
import time

import pytest

from host import PLAIN_USER, eventually
from jobs import HELLO, PYTHON, memory_of, vrun

SOCKET, PORT = "/run/vrun/vrund.sock", 7117
KNOCK = [PYTHON, "/srv/vrun/helpers/knock.py"]
GREETING_LIMIT = 5  # docs/security.md
SLACK = 55  # of a loaded machine
GROWTH_MAX = 8 * 1024  # KiB
NODE_LOST, REFUSED = 121, 123


@pytest.fixture(scope="module")
def guarded(make_cluster):
    """Two workers with daemons, a master with another, and `stranger`, where there is none."""
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "2")
    cluster.stranger = cluster.add_stranger("stranger", 200)
    return cluster


@pytest.fixture(autouse=True)
def all_is_well(guarded):
    yield
    for host in guarded.workers + [guarded.master]:
        assert host.vrund.poll() is None, host.vrund.err
        assert "terminate called" not in host.vrund.err
    guarded.assert_clean()
    timed_job(guarded.master, "-n", 4, HELLO, 4)


TO_W1 = ("-n", 1, "-H", "w1:1", "true")


def timed_job(host, *words):
    """How long it took. Once more where the machine was too slow for anybody's 5 s: that is no
    refusal, which would come at once."""
    for _ in range(5):
        began = time.monotonic()
        ended = vrun(host, *(words or TO_W1))
        if "timed out" not in ended.err and "may be stopped" not in ended.err:
            break
    assert ended.code == 0, ended
    return time.monotonic() - began


def descriptors_of(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def refusals(daemon):
    return [line for line in daemon.err.splitlines() if "refused a connection" in line]


class Quiet:
    """with Quiet(daemon): what is refused in between is logged at most once a second."""

    def __init__(self, daemon):
        self.daemon = daemon

    def __enter__(self):
        self.began, self.lines = time.monotonic(), len(self.daemon.err.splitlines())
        return self

    def __exit__(self, *failure):
        if failure[0]:
            return
        lines = self.daemon.err.splitlines()[self.lines:]
        refused = [line for line in lines if "refused a connection" in line]
        assert len(refused) <= time.monotonic() - self.began + 2, "\n".join(refused)
        assert not [line for line in lines if " error " in line], "\n".join(lines)


def knock(host, kind, address, count, **options):
    return host.start([*KNOCK, kind, address, str(PORT), str(count)], **options)


class Flood:
    """with Flood(host, …): so many silent connections, each replaced when its time is over."""

    def __init__(self, *where, **options):
        self.where, self.options = where, options

    def __enter__(self):
        reading, self.writing = os.pipe()
        self.knocking = knock(*self.where, stdin=reading, **self.options)
        os.close(reading)
        self.knocking.wait_for(f"open {self.where[-1]}", 60)
        return self

    def __exit__(self, *failure):
        os.close(self.writing)
        if not failure[0]:
            assert longest(self.knocking) < GREETING_LIMIT + SLACK


def longest(knocking):
    assert knocking.wait(GREETING_LIMIT + 2 * SLACK) == 0, knocking.err
    return float(re.search(r"longest (\S+)", knocking.out)[1])


# -- without the key -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "garbage", "zeros", "http", "tls12", "tls13", "half",
                                  "silent"])
def test_a_stranger_is_refused(guarded, kind):
    daemon = guarded.workers[0].vrund
    seen = len(refusals(daemon))
    with Quiet(daemon):
        took = longest(knock(guarded.stranger, kind, guarded.workers[0].address, 20))
    assert took < GREETING_LIMIT + SLACK
    assert len(refusals(daemon)) > seen or seen > 0  # within the second of others: counted, not said


def assert_flat(daemon, before):
    """Soon: the last of a flood may just have gone."""
    eventually(lambda: memory_of(daemon) < before + GROWTH_MAX, 30,
               f"{before} KiB again, after {memory_of(daemon)}")


def test_a_thousand_silent_connections_disturb_nobody(guarded):
    """From many addresses, so that all places are taken, all the time."""
    worker, member = guarded.workers
    addresses = [f"10.77.9.{number}" for number in range(1, 17)]
    guarded.ip(guarded.stranger.pidfd, [f"addr add {address}/16 dev eth0" for address in addresses])
    timed_job(member)
    before = memory_of(worker.vrund)
    quiet, flooded = [], []
    for _ in range(2):
        quiet.append(timed_job(member))
        with Quiet(worker.vrund), Flood(guarded.stranger, "silent", worker.address, 1000,
                                        env={"SOURCES": " ".join(addresses)}):
            flooded.append(timed_job(member))
            assert descriptors_of(worker.vrund) < 700, "a bounded number of places"
        assert_flat(worker.vrund, before)
    assert min(flooded) < max(2, 10 * max(quiet)), (flooded, quiet)


def test_who_has_the_key_finds_a_place_among_strangers(guarded):
    """Even at an address that is full of them: another user's, on the member's own machine."""
    worker, member = guarded.workers
    joined = guarded.add_stranger("joined", 201)
    for caller in (member, joined):
        strangers = knock(caller, "silent", worker.address, 1000, user=PLAIN_USER)
        strangers.wait_for("open 1000", 60)
        if caller.vrund:
            caller.vrund.stop()
        caller.start_vrund("--slots", "2")  # so that it has to dial
        timed_job(caller)
        longest(strangers)
    joined.vrund.stop()


# -- servers that pretend to be daemons ----------------------------------------------------------------


SPEAKER = """
import socket, sys, time
server = socket.create_server(("", 7117))
while True:
    peer, _ = server.accept()
    peer.sendall(eval(sys.argv[1]))
    kept = globals().setdefault("kept", []).append(peer)
"""


@pytest.mark.parametrize("word", ["b''", "b'x' * 100000", "bytes(100000)", "b'SSH-2.0-OpenSSH\\r\\n'"],
                         ids=["silent", "garbage", "zeros", "ssh"])
def test_a_pretended_daemon_is_not_believed(guarded, word):
    server = guarded.stranger.start([PYTHON, "-c", SPEAKER, word])
    eventually(lambda: guarded.stranger.listens_on(PORT))
    ended = vrun(guarded.master, "-n", 1, "-H", guarded.stranger.address, "true")
    server.stop()
    assert ended.code in (NODE_LOST, REFUSED), ended
    assert guarded.stranger.address in ended.err


def test_a_server_with_a_certificate_and_no_key_is_not_believed(guarded):
    server = guarded.stranger.start(["vrun-stranger", "certificate", str(PORT)])
    eventually(lambda: guarded.stranger.listens_on(PORT))
    ended = vrun(guarded.master, "-n", 1, "-H", guarded.stranger.address, "true")
    server.wait_for("handshake refused")
    server.stop()
    assert ended.code == REFUSED, ended
    assert "another cluster key" in ended.err
    assert "finished" not in server.out


# -- at the socket, and other keys -----------------------------------------------------------------------


def test_a_thousand_silent_local_connections_disturb_nobody(guarded):
    worker = guarded.workers[0]
    before = memory_of(worker.vrund)
    for _ in range(2):
        strangers = knock(worker, "silent", SOCKET, 1000, user=PLAIN_USER)
        strangers.wait_for("open 1000", 60)
        timed_job(worker)
        assert longest(strangers) < GREETING_LIMIT + SLACK
        assert_flat(worker.vrund, before)


def test_keys_are_rotated_without_a_pause(make_cluster):
    """Append the new key everywhere, put it first everywhere, drop the old one everywhere."""
    cluster = make_cluster(2)
    old, new = cluster.key, cluster.master.run(["vrunctl", "keygen"]).out
    hosts = cluster.workers + [cluster.master]
    cluster.start_vrunds("--slots", "2")
    for text in (old + new, new + old, new):
        for host in hosts:  # one after the other: both kinds are there at the same time
            host.path("/tmp/key").touch(0o600)
            host.path("/tmp/key").write_text(text)
            host.vrund.stop()
            host.start_vrund("--slots", "2", "--key-file", "/tmp/key")
            timed_job(cluster.master, "-n", 4, "true")
    cluster.stop_vrunds()
