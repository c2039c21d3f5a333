# SPDX-License-Identifier: Apache-2.0
"""Jobs back to back while the cluster goes 2 → 8 → 3 → 20 hosts, and hosts whose names come back.

A job that loses no host ends well; one that does names it, within the lease and a little; the next
one uses what is there. Times are printed, and asserted with room for a loaded machine.
"""

import re
import signal
import time
from collections import Counter

import pytest

from faults import LATE, start_job
from host import eventually
from jobs import HELLO, hosts_of
from watching import Watching

LEASE = 10  # seconds, as by default
SHORT = ["vrun", HELLO]  # a rank on each host there is
LONG = ["vrun", "--map-by", "node", "sh", "-c",
        "echo rank $VRUN_RANK of $OMPI_COMM_WORLD_SIZE on $VRUN_NODE; exec sleep 2"]
PATIENCE = 120  # seconds, for what takes a few


def assert_names_one_of(text, hosts):
    assert hosts & set(re.findall(r"\bw\d+\b", text)), (hosts, text)


class Job:
    """One of the load, judged when it has ended."""

    def __init__(self, load, command):
        self.load, self.command, self.began = load, command, time.monotonic()
        self.process = load.cluster.master.start(command)

    def judge(self):
        ended, code = time.monotonic(), self.process.poll()
        lost = [one for one in self.load.removals if one.ended > self.began and one.began < ended]
        if code == 121 and lost:
            assert_names_one_of(self.process.err, {name for one in lost for name in one.names})
            return "lost"
        assert code == 0, (self.command, code, self.process.out, self.process.err)
        self.hosts = Counter(hosts_of(self.process.out).values())
        assert set(self.hosts) <= self.load.names_since(self.began), self.hosts
        return "well"


class Removal:
    def __init__(self, names):
        self.names, self.began, self.ended = names, time.monotonic(), float("inf")


class Load:
    """A short job and a long one, again and again, as long as somebody calls tick()."""

    def __init__(self, cluster):
        self.cluster, self.removals = cluster, []
        self.running = {}
        self.ends = Counter()
        self.last, self.since = None, 0  # hosts of the newest short job that began since then
        self.ever = set()

    def tick(self):
        self.ever |= {worker.name for worker in self.cluster.workers}
        for command in (SHORT, LONG):
            job = self.running.get(command[-1])
            if job and job.process.poll() is None:
                assert time.monotonic() < job.began + PATIENCE, (job.command, job.process.err)
                continue
            if job:
                end = job.judge()
                self.ends[end] += 1
                if command is SHORT and end == "well" and job.began > self.since:
                    self.last = job.hosts
            self.running[command[-1]] = Job(self, command)

    def names_since(self, moment):
        """Who was there at some time since then."""
        gone = {name for one in self.removals if one.ended < moment for name in one.names}
        return self.ever - gone | {worker.name for worker in self.cluster.workers}

    def until(self, condition, what):
        def ticked():
            self.tick()
            return condition()
        return eventually(ticked, PATIENCE, what)

    def until_all_hosts_work(self, slots=None):
        """Until a job that begins now has a rank in every slot that is there, and none elsewhere."""
        wanted = Counter(slots or {worker.name: 1 for worker in self.cluster.workers})
        self.last, self.since = None, time.monotonic()
        self.until(lambda: self.last == wanted, f"a job on {sorted(wanted)}")
        print(f"{len(wanted)} hosts ran a job {time.monotonic() - self.since:.1f} s later")

    def grow_to(self, count):
        added = self.cluster.add_workers(count - len(self.cluster.workers))
        self.tick()
        self.cluster.start_vrunds("--slots", "1", "--lease", str(LEASE), hosts=added)
        self.until_all_hosts_work()

    def shrink_to(self, count):
        removed = self.cluster.workers[count:]
        doomed = start_job(self.cluster, len(self.cluster.workers))
        removal = Removal([host.name for host in removed])
        self.removals.append(removal)
        for host in removed:  # without a word: nobody hears that its connections close
            host.link("down")
        self.cluster.remove_host(*removed)
        removal.ended = time.monotonic()
        self.until(lambda: doomed.poll() is not None, "the end of a job that lost hosts")
        since = time.monotonic() - removal.ended
        print(f"a job that lost hosts ended {since:.1f} s later (lease {LEASE} s)")
        assert doomed.poll() == 121 and since < LEASE + 2 + LATE, doomed.err
        assert_names_one_of(doomed.err, set(removal.names))
        self.until_all_hosts_work()

    def drain(self):
        for job in self.running.values():
            job.process.wait(PATIENCE)
            self.ends[job.judge()] += 1
        self.running.clear()

    def stop(self):
        for job in self.running.values():
            job.process.stop(signal.SIGKILL)


@pytest.fixture
def cluster(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "1", "--lease", str(LEASE))
    return cluster


def test_a_host_appears_when_it_answers(make_cluster):
    cluster = make_cluster(1)
    cluster.start_vrunds("--slots", "1")
    with Watching(cluster.master) as watch:
        watch.wait_for(["w1"])
        for count in (2, 5):  # this many at once
            added = cluster.add_workers(count)
            cluster.start_vrunds("--slots", "1", hosts=added)
            began = time.monotonic()
            watch.wait_for(sorted(worker.name for worker in cluster.workers))
            print(f"{count} hosts that are in the DNS and answer appeared after "
                  f"{time.monotonic() - began:.1f} s")


def test_another_host_under_a_name_and_an_address_that_were_in_use(make_cluster):
    """The old machine goes without a word; daemons that knew it must not mistake the new one."""
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "1", "--lease", str(LEASE))
    load = Load(cluster)
    try:
        load.until_all_hosts_work()
        old = cluster.workers[1]
        load.removals.append(Removal([old.name]))
        new = cluster.replace_host(old)
        cluster.start_vrunds("--slots", "2", "--lease", str(LEASE), hosts=[new])
        load.until_all_hosts_work({"w1": 1, "w2": 2})  # the new one's slots, not the old one's
        load.removals[-1].ended = time.monotonic()
        load.until_all_hosts_work({"w1": 1, "w2": 2})
        load.drain()
    finally:
        load.stop()
    for host in [cluster.master, *cluster.workers]:  # a connection to the old one may be left
        eventually(lambda: not {"processes", "files", "jobs"} & set(host.leftovers()), PATIENCE)


def test_jobs_go_on_while_hosts_come_and_go(cluster):
    load = Load(cluster)
    try:
        load.until_all_hosts_work()
        load.grow_to(8)
        load.shrink_to(3)
        load.grow_to(20)
        load.drain()
    finally:
        load.stop()
    print(f"jobs: {dict(load.ends)}")
    assert load.ends["well"] >= 6, load.ends
    cluster.assert_clean()
