# SPDX-License-Identifier: Apache-2.0
"""Two jobs on the same hosts: only the one that was hit suffers."""

import pytest

from faults import assert_all_hosts_work, kill, ranks_on, sleepers, start_job
from host import PLAIN_USER, eventually

RANKS, LINES = 4, 500
# Says that it is there, then waits for the other job to be over, then writes.
WITNESS = ["sh", "-c", f"echo ready; until [ -e /run/go ]; do sleep 0.2; done; seq {LINES}"]


@pytest.fixture(scope="module")
def pair(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "5")
    return cluster


@pytest.fixture(autouse=True)
def nothing_is_left(pair):
    yield
    for worker in pair.workers:
        worker.path("/run/go").unlink(missing_ok=True)
    pair.assert_clean()
    assert_all_hosts_work(pair)


def one_rank(host, rank):
    return rank


def its_shepherd(host, rank):
    """The rank's parent."""
    return next(p for p in host.processes() if p.pid == rank.parent)


def its_guard(host, rank):
    shepherd = its_shepherd(host, rank)
    return next(p for p in host.processes() if p.pid == shepherd.parent)


OTHERS = {
    "of_one_user": lambda pair: (pair.master, None),
    "of_another_user": lambda pair: (pair.master, PLAIN_USER),
    "of_another_controller": lambda pair: (pair.workers[0], None),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("victim", [one_rank, its_shepherd, its_guard, None],
                         ids=["rank", "shepherd", "guard", "vrun"])
def test_only_the_job_that_was_hit_suffers(pair, victim, other):
    host, user = OTHERS[other](pair)
    witness = host.start(["vrun", "-n", str(RANKS), "--map-by", "node", *WITNESS], user=user)
    eventually(lambda: witness.out.count("ready") == RANKS, 60, "the other job")
    hit = start_job(pair, RANKS)
    there = pair.workers[1]
    if victim:
        kill(there, victim(there, ranks_on(there)[0]))
        assert hit.wait() == (128 + 9 if victim is one_rank else 121), hit.err
    else:
        hit.popen.kill()
        hit.wait()
    eventually(lambda: not sleepers(pair), 60, "the end of the job that was hit")
    assert witness.poll() is None, witness.err
    for worker in pair.workers:
        worker.path("/run/go").touch()
    assert witness.wait() == 0, witness.err
    assert witness.out.split().count(str(LINES)) == RANKS
    assert len(witness.out.split()) == RANKS * (1 + LINES)
