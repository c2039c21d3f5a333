# SPDX-License-Identifier: Apache-2.0
"""Who may speak and says what it must not: a peer that has the key, a caller at the unix socket. Its
connection ends, with a reason, and nothing else does."""

import re

import pytest

from conftest import SOURCE
from host import HOME, PLAIN_USER
from jobs import HELLO, memory_of, vrun

KEY, SOCKET, PORT = f"{HOME}/key", "/run/vrun/vrund.sock", "7117"
TABLE = (SOURCE / "wire/message_type.cpp").read_text()
MESSAGES = re.findall(r'MessageTraits\{\w+, +"(\w+)"', TABLE)
ROUTED = set(re.findall(r'MessageTraits\{\w+, +"(\w+)", +\w+, +true', TABLE))
CLAIMS = [f"{kind}:{name}" for kind in ("first", "then") for name in MESSAGES]
OTHERS = ["silent", "twice", "oversized", "cut", "endless:Hello", "endless:SubmitJob"]
PLACES = 64  # for strangers of one address: of more, the oldest is put out
GROWTH_MAX = 8 * 1024  # KiB, where megabytes were sent


@pytest.fixture(scope="module")
def pair(make_cluster):
    """A worker and a master with daemons, and `stranger`, where there is none."""
    cluster = make_cluster(1)
    cluster.start_vrunds("--slots", "2")
    cluster.stranger = cluster.add_stranger("stranger", 200)
    return cluster


@pytest.fixture(autouse=True)
def all_is_well(pair):
    yield
    for host in (pair.workers[0], pair.master):
        assert host.vrund.poll() is None, host.vrund.err
        assert "\x1b" not in host.vrund.err
    pair.assert_clean()
    ended = vrun(pair.master, "-n", 2, HELLO, 2)
    assert ended.code == 0, ended


def outcomes(host, *words, **options):
    """{attack: closed or open}; all at once, each on its own connection (tests/support/stranger)."""
    ended = host.run(["vrun-stranger", *words], timeout=180, **options)
    assert ended.code == 0, ended
    found = dict(line.rsplit(" ", 1) for line in ended.out.splitlines())
    assert len(found) == len(ended.out.splitlines())
    return found


def test_a_peer(pair):
    """Each message as a body that claims 2^26 strings, instead of a Hello and after the greeting."""
    worker = pair.workers[0]
    to_peer = ["peer", KEY, worker.address, PORT]
    outcomes(pair.stranger, *to_peer, "twice", "oversized")
    before = memory_of(worker.vrund)
    attacks = CLAIMS + OTHERS + ["endless:NodeInfo", "endless:HostList", "endless:LaunchJob"]
    found = {}
    for some in range(0, len(attacks), PLACES // 2):
        found |= outcomes(pair.stranger, *to_peer, *attacks[some:some + PLACES // 2])
    assert set(found) == set(attacks)
    # Of a job that is unknown here: read and dropped. LaunchJob and TakeJob are judged in any case.
    # (AwaitJob is a number alone, and the claim is one: no job has it.)
    dropped = {f"then:{name}" for name in ROUTED - {"LaunchJob", "TakeJob"} | {"AwaitJob"}}
    assert {attack for attack, end in found.items() if end == "open"} == dropped
    assert memory_of(worker.vrund) < before + GROWTH_MAX


def test_a_peer_within_a_job(pair):
    """Of which it is the controller. (A job per message: its shepherd may well give up.)"""
    worker = pair.workers[0]
    attacks = [f"job:{name}" for name in MESSAGES]
    for first in range(0, len(attacks), 8):
        outcomes(pair.stranger, "peer", KEY, worker.address, PORT, *attacks[first:first + 8])
        worker.assert_clean(60)


def test_a_local_caller(pair):
    worker = pair.workers[0]
    outcomes(worker, "local", SOCKET, "twice", "oversized", user=PLAIN_USER)
    before = memory_of(worker.vrund)
    attacks = CLAIMS + OTHERS + ["endless:Topology", "endless:FenceResult", "endless:Input"]
    found = outcomes(worker, "local", SOCKET, *attacks, user=PLAIN_USER)
    assert set(found) == set(attacks)
    assert {attack for attack, end in found.items() if end == "open"} == {"then:ExamineHosts"}
    assert memory_of(worker.vrund) < before + GROWTH_MAX
