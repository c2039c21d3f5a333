# SPDX-License-Identifier: Apache-2.0
"""--preload-binary, --preload-files: what arrives, what it costs, and what goes wrong (docs/preload.md)."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from faults import named
from host import PLAIN_UID, PLAIN_USER, eventually
from jobs import HELLO, MPICH_HELLO, assert_hello, vrun

import namespaces as ns

HOSTS = 19  # more than a root and its children: node 1 has some, too
MIB = 1 << 20
LARGE = 100 * MIB
NOT_PRELOADED, USAGE, NODE_LOST = 125, 2, 121
PLACE = "/srv/alice/job"  # where jobs of these tests start, on every host


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(HOSTS)
    cluster.start_vrunds("--slots", "2", "--lease", "20")
    return cluster


@pytest.fixture(autouse=True)
def place(cluster):
    """An empty directory of alice's on every host."""
    for host in cluster.workers + [cluster.master]:
        path = host.path(PLACE)
        path.mkdir()
        os.chown(path, PLAIN_UID, PLAIN_UID)
    yield
    cluster.assert_clean()
    for host in cluster.workers + [cluster.master]:
        shutil.rmtree(host.path(PLACE))


def put(host, name, content, mode=0o644):
    """A file of alice's; the content's checksum."""
    path = host.path(f"{PLACE}/{name}")
    path.parent.mkdir(exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(content)
    path.chmod(mode)
    os.chown(path, PLAIN_UID, PLAIN_UID)
    return hashlib.sha256(content).hexdigest()


def run(host, *words, **options):
    return vrun(host, *words, user=PLAIN_USER, cwd=PLACE, **options)


def files_on(host):
    """All in the place, also what is hidden: {name: content}."""
    root = host.path(PLACE)
    return {str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*") if path.is_file()}


def sent_by(host):
    """Bytes that have left it, to other hosts."""
    table = Path(f"/proc/{host.holder}/net/dev").read_text()
    return int(re.search(r"eth0:(?:\s+\d+){8}\s+(\d+)", table)[1])


def most_memory(host, name):
    """The most that each process of this name has ever had in memory, in MiB."""
    found = []
    for process in named(host, name):
        status = host.path(f"/proc/{process.pid}/status").read_text()
        found.append(int(re.search(r"VmHWM:\s+(\d+)", status)[1]) >> 10)
    return found


class Slow:
    """`with Slow(host):` its cluster network takes 8 MB/s."""

    def __init__(self, host):
        self.host = host

    def tc(self, words):
        subprocess.run(["/sbin/tc", "qdisc", *words.split()], check=True,
                       preexec_fn=lambda: ns.setns(self.host.pidfd, ns.CLONE_NEWNET))

    def __enter__(self):
        self.tc("add dev eth0 root tbf rate 64mbit burst 256kb latency 200ms")

    def __exit__(self, *_):
        self.tc("del dev eth0 root")


def start_slowly(cluster):
    """A job under way that brings a large file, some of which has left the master."""
    put(cluster.master, "large", bytes(LARGE))
    before = sent_by(cluster.master)
    job = cluster.master.start(["vrun", "-N", "1", "--preload-files", "large", "true"],
                               user=PLAIN_USER, cwd=PLACE)
    eventually(lambda: sent_by(cluster.master) > before + 2 * MIB or job.poll() is not None, 60,
               "the first bytes")
    assert job.poll() is None, job.err
    return job


# -- what arrives --------------------------------------------------------------------------------------------


def test_a_large_file_reaches_sixteen_hosts(cluster):
    """Once over the tree, whole, and through little memory."""
    checksum = put(cluster.master, "large", os.urandom(LARGE))
    hosts = ",".join(worker.name for worker in cluster.workers[:16])
    before = sent_by(cluster.master)
    ended = run(cluster.master, "-H", hosts, "--timing", "--preload-files", "large", "sha256sum", "large",
                timeout=300)
    print(ended.err)
    assert ended.code == 0, ended
    assert ended.out.split() == [checksum, "large"] * 16
    assert LARGE < sent_by(cluster.master) - before < 1.3 * LARGE  # to the root alone
    for host in cluster.workers + [cluster.master]:
        for program in ("vrund", "vrun-shepherd"):
            assert all(size < 64 for size in most_memory(host, program)), f"{program} on {host.name}"

    before = sent_by(cluster.master)  # they have it now
    again = run(cluster.master, "-H", hosts, "--preload-files", "large", "true", timeout=300)
    assert again.code == 0, again
    assert sent_by(cluster.master) - before < MIB


def test_every_level_of_the_tree_passes_it_on(cluster):
    checksum = put(cluster.master, "data", os.urandom(3 * MIB))
    for worker in cluster.workers[1::2]:  # whoever has it passes it on all the same
        put(worker, "data", cluster.master.path(f"{PLACE}/data").read_bytes())
    for worker in [*cluster.workers[::4], *cluster.workers[-2:]]:
        ended = run(cluster.master, "-N", 1, "--preload-files", "data", "sha256sum", "data")
        assert ended.code == 0, ended
        assert ended.out.split() == [checksum, "data"] * HOSTS
        worker.path(f"{PLACE}/data").unlink()


def test_the_root_s_host_sends_to_its_children_only(cluster):
    first = cluster.workers[0]
    put(first, "data", os.urandom(10 * MIB))
    before = sent_by(first)
    ended = run(first, "-N", 1, "--preload-files", "data", "cat", "/srv/alice/job/data", timeout=300,
                stdout=subprocess.DEVNULL)
    assert ended.code == 0, ended
    assert sent_by(first) - before < 1.2 * HOSTS * 10 * MIB


@pytest.mark.parametrize("hello", [HELLO, MPICH_HELLO], ids=["openmpi", "mpich"])
def test_a_program_that_only_one_host_has(cluster, hello):
    """Two ranks per node, one copy, which is gone afterwards."""
    put(cluster.master, "hello", cluster.master.path(hello).read_bytes(), 0o755)
    ended = run(cluster.master, "-H", "w1:2,w2:2,w3:2", "-N", 2, "-s", "./hello", 6)
    assert_hello(ended, 6, {"w1": 2, "w2": 2, "w3": 2})
    for worker in cluster.workers:
        assert files_on(worker) == {}


def test_two_programs_of_one_name(cluster):
    for name in "ab":
        put(cluster.master, f"{name}/who", f"#!/bin/sh\necho {name} $0 in $PWD\n", 0o755)
    ended = run(cluster.master, "--map-by", "node", "-n", 2, "-s", "a/who", ":", "-n", 2, "-s", "b/who")
    assert ended.code == 0, ended
    assert sorted(line.split()[0] for line in ended.out.splitlines()) == ["a", "a", "b", "b"]
    assert all("/preload/" in line and line.endswith(f"in {PLACE}") for line in ended.out.splitlines())


def test_a_program_that_is_there_is_used_where_it_is(cluster):
    for worker, text in zip(cluster.workers, ("same", "same", "older")):
        put(worker, "who", f"#!/bin/sh\necho {text} $0 on $HOSTNAME\n", 0o755)
    put(cluster.master, "who", "#!/bin/sh\necho same $0 on $HOSTNAME\n", 0o755)
    ended = run(cluster.master, "-H", "w1,w2,w3,w4", "-N", 1, "-s", "./who")
    assert ended.code == 0, ended
    said = {line.split()[-1]: line for line in ended.out.splitlines()}
    assert said["w1"] == "same ./who on w1" and said["w2"] == "same ./who on w2"
    for host in ("w3", "w4"):
        assert said[host].startswith("same /tmp/vrun-s.") and "/preload/" in said[host], said


def test_names_and_permissions(cluster):
    put(cluster.master, "in/a b.dat", "one", 0o640)
    put(cluster.master, "empty", "")
    put(cluster.master, "tool.sh", "#!/bin/sh\ncat 'in/a b.dat' passwd-of-mine\n", 0o750)
    cluster.master.path("/srv/alice/passwd-of-mine").write_text(" two\n")
    files = "in/a b.dat,empty,./tool.sh,/srv/alice/passwd-of-mine"
    ended = run(cluster.master, "-H", "w1:2,w2:2", "-N", 2, "--preload-files", files, "./tool.sh")
    cluster.master.path("/srv/alice/passwd-of-mine").unlink()
    assert ended.code == 0 and ended.out.splitlines() == ["one two"] * 4, ended
    for worker in cluster.workers[:2]:
        assert files_on(worker) == {"in/a b.dat": b"one", "empty": b"", "passwd-of-mine": b" two\n",
                                    "tool.sh": b"#!/bin/sh\ncat 'in/a b.dat' passwd-of-mine\n"}
        status = worker.path(f"{PLACE}/tool.sh").stat()
        assert status.st_mode & 0o7777 == 0o750 and status.st_uid == PLAIN_UID
    assert files_on(cluster.workers[2]) == {}, "it has no ranks"


def test_another_directory(cluster):
    put(cluster.master, "a.dat", "one")
    ended = run(cluster.master, "-H", "w1,w2", "-N", 1, "--preload-files", "a.dat",
                "--preload-files-dest-dir", "new/deep", "cat", "new/deep/a.dat")
    assert ended.code == 0 and ended.out == "oneone", ended


# -- what goes wrong -----------------------------------------------------------------------------------------


def assert_not_brought(ended, *words, host=None):
    assert ended.code == NOT_PRELOADED, ended
    assert all(word in ended.err for word in words), ended.err
    assert ended.out == "", "no rank ran"
    assert host is None or f"node {host.name} did not start" in ended.err, ended.err


def test_nothing_is_overwritten(cluster):
    put(cluster.master, "a.dat", "new")
    second = cluster.workers[1]
    for make in (lambda path: path.write_bytes(b"old"), lambda path: path.mkdir(),
                 lambda path: path.symlink_to("/nowhere")):
        make(second.path(f"{PLACE}/a.dat"))
        before = sorted(map(str, second.path(PLACE).iterdir()))
        ended = run(cluster.master, "-H", "w1,w2,w3", "-N", 1, "--preload-files", "a.dat", "echo", "ran")
        assert_not_brought(ended, f"'{PLACE}/a.dat' is something else there", host=second)
        assert sorted(map(str, second.path(PLACE).iterdir())) == before
        assert files_on(cluster.workers[0]) == {}, "nobody was sent anything"
        second.run(["rm", "-r", f"{PLACE}/a.dat"])


def test_no_room(cluster):
    put(cluster.master, "a.dat", bytes(2 * MIB))
    second = cluster.workers[1]
    assert second.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=1777", "small", PLACE]).code == 0
    ended = run(cluster.master, "-H", "w1,w2,w3", "-N", 1, "--preload-files", "a.dat", "echo", "ran")
    left = files_on(second)
    assert second.run(["umount", PLACE]).code == 0
    assert_not_brought(ended, "No space left on device", host=second)
    assert left == {} and files_on(cluster.workers[0]) == {}


def test_no_right_to_write(cluster):
    put(cluster.master, "a.dat", "one")
    second = cluster.workers[1]
    os.chown(second.path(PLACE), 0, 0)
    ended = run(cluster.master, "-H", "w1,w2", "-N", 1, "--preload-files", "a.dat", "echo", "ran")
    assert_not_brought(ended, "Permission denied", f"'{PLACE}/a.dat'", host=second)
    assert second.run(["mount", "-t", "tmpfs", "-o", "ro,mode=1777", "fixed", PLACE]).code == 0
    ended = run(cluster.master, "-H", "w1,w2", "-N", 1, "--preload-files", "a.dat", "echo", "ran")
    assert second.run(["umount", PLACE]).code == 0
    assert_not_brought(ended, "Read-only file system", host=second)


def test_a_link_below_the_directory_leads_nowhere(cluster):
    put(cluster.master, "in/a.dat", "one")
    second = cluster.workers[1]
    second.path(f"{PLACE}/in").symlink_to("/srv/alice")
    ended = run(cluster.master, "-H", "w1,w2", "-N", 1, "--preload-files", "in/a.dat", "echo", "ran")
    assert_not_brought(ended, "open the directory in", host=second)
    assert not second.path("/srv/alice/a.dat").exists()


@pytest.mark.parametrize("name, code, said", [
    ("missing", NOT_PRELOADED, "preload 'missing'"), ("in", NOT_PRELOADED, "Is a directory"),
    ("in/../a.dat", USAGE, "without '..'"), ("secret", NOT_PRELOADED, "Permission denied")])
def test_what_cannot_be_read(cluster, name, code, said):
    put(cluster.master, "a.dat", "one")
    put(cluster.master, "in/a.dat", "two")
    put(cluster.master, "secret", "three", 0o000)
    ended = run(cluster.master, "-n", 2, "--preload-files", name, "echo", "ran")
    assert ended.code == code and said in ended.err and ended.out == "", ended


def test_other_jobs_do_not_wait(cluster):
    with Slow(cluster.master):
        job = start_slowly(cluster)
        other = run(cluster.master, "-N", 1, "hostname")
        assert other.code == 0 and len(other.out.split()) == HOSTS, other
        assert job.poll() is None, "it was to be slow"
        assert job.stop(signal.SIGINT, timeout=60) == 128 + signal.SIGINT, job.err


def test_vrun_is_killed_meanwhile(cluster):
    with Slow(cluster.master):
        start_slowly(cluster).stop(signal.SIGKILL)
        cluster.assert_clean()
    assert all(files_on(worker) == {} for worker in cluster.workers)


def test_a_node_is_lost_meanwhile(cluster):
    victim = cluster.workers[4]
    try:
        with Slow(cluster.master):
            job = start_slowly(cluster)
            victim.kill(named(victim, "vrund"))
            assert job.wait() == NODE_LOST, job.err
            assert "node w5" in job.err
            cluster.assert_clean()
    finally:
        eventually(lambda: not victim.has_vrund(), 60, "the end of its daemon")
        victim.start_vrund("--slots", "2", "--lease", "20")
    assert all(files_on(worker) == {} for worker in cluster.workers)


def test_the_file_changes_meanwhile(cluster):
    with Slow(cluster.master):
        job = start_slowly(cluster)
        with cluster.master.path(f"{PLACE}/large").open("r+b") as file:
            file.seek(LARGE - 1)
            file.write(b"x")
            file.truncate(30 * MIB)
        assert job.wait() == NOT_PRELOADED, job.err
    assert "preload 'large': it has become shorter meanwhile" in job.err, job.err
    assert all(files_on(worker) == {} for worker in cluster.workers)
