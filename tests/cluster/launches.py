# SPDX-License-Identifier: Apache-2.0
"""Killing somebody at any moment of a launch: there is no event to wait for, the moment is the point.

The moments are drawn from a seed, which a failure tells. A victim that is not there yet is killed
as soon as it is; where the job took no harm (an idle shepherd was hit, say), it runs and is ended."""

import random
import signal
import time

from faults import named
from host import eventually

SEED = 20
MOMENTS = [random.Random(SEED + i).uniform(0, 0.5) for i in range(20)]
SETTINGS = ["--slots", "2", "--lease", "5"]
SOCKET = "/run/vrun/vrund.sock"  # named: without its daemon, vrun would start one of its own
RANKS = 4  # all slots of two workers
LIMIT = 60


def guards_and_shepherds(host):
    return [p for p in named(host, "vrun-shepherd") if "--name" in p.command]


def shepherds(host, guards):
    found = guards_and_shepherds(host)
    pids = {p.pid for p in found}
    return [p for p in found if (p.parent not in pids) == guards]


def launch_and_kill(pair, moment, host, find, may_idle):
    """The job, and whether it ends by that: an idle victim is replaced."""
    job = pair.master.start(["vrun", "--socket", SOCKET, "-n", str(RANKS), "sleep", "1000"])
    time.sleep(moment)  # the moment itself
    found = eventually(lambda: find(host) or job.poll() is not None, LIMIT, "the victim")
    if found is True:
        return job, True
    before = {p.pid for p in guards_and_shepherds(host)}
    host.kill(found)

    def took_no_harm():
        now = {p.pid for p in guards_and_shepherds(host)} if may_idle else set()
        ranks = sum(len(named(worker, "sleep")) for worker in pair.workers)
        return now and not now & before and ranks == RANKS

    eventually(lambda: job.poll() is not None or took_no_harm(), LIMIT, "the end of the job")
    return job, job.poll() is not None


def restore(pair):
    """Whoever was killed comes back, once nothing of the job is left."""
    try:
        pair.assert_clean()
    finally:
        for host in pair.workers + [pair.master]:
            if not host.has_vrund():
                host.start_vrund(*SETTINGS)


def kill_at_all_moments(pair, host, find, codes, is_named=True, may_idle=False):
    for moment in MOMENTS:
        where = f"killed after {moment:.3f} s (seed {SEED})"
        try:
            job, took_harm = launch_and_kill(pair, moment, host, find, may_idle)
            if took_harm:
                assert job.wait() in codes, f"{where}: code {job.wait()}: {job.err}"
                tells = host.name in job.err or host.address in job.err
                assert tells or not is_named, f"{where}: {job.err}"
            else:
                assert job.stop() == 128 + signal.SIGTERM, f"{where}: {job.err}"
            restore(pair)
        except (AssertionError, TimeoutError) as error:
            restore(pair)
            raise AssertionError(f"{where}: {error}") from None
    ended = pair.master.run(["vrun", "-n", str(RANKS), "true"])
    assert ended.code == 0, ended
