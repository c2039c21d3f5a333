# SPDX-License-Identifier: Apache-2.0
"""What ranks write arrives: all of it, in order, in whole lines; and stdin reaches rank 0."""

import contextlib
import hashlib
import os
import re
import subprocess

import pytest

from host import eventually
from jobs import PYTHON, vrun

LINES = "/srv/vrun/helpers/lines.py"
MiB = 1 << 20
RSS_MAX = 128 * MiB  # of vrun, a daemon, a shepherd: the window is 64 MiB for a whole job
STDIN_SIZE = 200 * 1000 * 1000
EMPTY = hashlib.sha256(b"").hexdigest()
line_format = re.compile(rb"^(\d{4}) (\d{8}) x{85}\n$")


@pytest.fixture(autouse=True)
def nothing_is_left(four):
    yield
    four.assert_clean()


def peaks(cluster):
    """{"w1 vrund 12": most bytes it ever had} of our own programs; one that just ended has none."""
    found = {}
    for host in cluster.workers + [cluster.master]:
        for process in host.processes():
            if process.name in ("vrun", "vrund", "vrun-shepherd"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    status = host.path(f"/proc/{process.pid}/status").read_text()
                    if peak := re.search(r"VmHWM:\s+(\d+) kB", status):
                        found[f"{host.name} {process.name} {process.pid}"] = int(peak[1]) * 1024
    return found


class LineCheck:
    """Feeds on output; every line must be whole, and the next of its rank."""

    def __init__(self):
        self.next, self.sums, self.rest = {}, {}, b""

    def feed(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            match = line_format.match(line + b"\n")
            assert match, f"not a whole line of one rank: {line!r}"
            rank, number = int(match[1]), int(match[2])
            assert number == self.next.get(rank, 0), f"rank {rank}: {number} after {self.next[rank] - 1}"
            self.next[rank] = number + 1
            self.sums.setdefault(rank, hashlib.sha256()).update(line + b"\n")

    def assert_complete(self, ranks, count):
        assert self.rest == b""
        assert self.next == {rank: count for rank in range(ranks)}
        for rank, checksum in self.sums.items():
            whole = b"".join(b"%04d %08d %s\n" % (rank, number, b"x" * 85) for number in range(count))
            assert checksum.hexdigest() == hashlib.sha256(whole).hexdigest(), f"rank {rank}"


def written_bytes(cluster):
    """By all ranks together, as the kernel counts."""
    total = 0
    for worker in cluster.workers:
        for process in worker.processes():
            if LINES in process.command and process.name.startswith("python"):
                io = worker.path(f"/proc/{process.pid}/io").read_text()
                total += int(re.search(r"wchar: (\d+)", io)[1])
    return total


def wait_until_stuck(cluster, ranks):
    """Until no rank can write any more, since nobody reads."""
    history = []

    def stuck():
        history.append(written_bytes(cluster))
        return len(history) > 100 and history[-1] > 0 and len(set(history[-100:])) == 1

    eventually(stuck, 120, f"{ranks} ranks to fill all windows")
    return history[-1]


def test_64_ranks_write_10_megabytes_each_to_a_slow_reader(four):
    ranks, count = 64, 100_000
    job = four.master.popen(["vrun", "-n", str(ranks), "--oversubscribe", PYTHON, LINES, str(count)],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    stuck_at = wait_until_stuck(four, ranks)
    assert stuck_at < ranks * count * 100 / 2  # most of it is still in the ranks, not in our memory
    check = LineCheck()
    while data := os.read(job.stdout.fileno(), 64 * 1024):
        check.feed(data)
        if check.next.get(0, 0) % 10_000 == 0:
            assert max(peaks(four).values()) < RSS_MAX, peaks(four)
    assert job.wait(60) == 0, job.stderr.read()
    check.assert_complete(ranks, count)
    assert max(peaks(four).values()) < RSS_MAX, peaks(four)


def test_stdout_and_stderr_stay_apart(four):
    job = four.master.start(["vrun", "-n", "8", "--map-by", "node", PYTHON, LINES, "10000", "both"])
    assert job.wait(120) == 0
    for path in (job.out_path, job.err_path):
        check = LineCheck()
        check.feed(path.read_bytes())
        check.assert_complete(8, 10_000)


def test_the_last_words_arrive_before_the_exit_code(four):
    ended = vrun(four.master, "-n", 8, "--map-by", "node", "sh", "-c", "printf 'no line end'; exit 5")
    assert ended.code == 5
    ended = vrun(four.master, "-n", 8, "--map-by", "node", "printf", "no line end ")
    assert ended.out == "no line end " * 8


def test_long_lines_arrive_as_they_are(four):
    ended = vrun(four.master, "-n", 1, PYTHON, "-c", "print('y' * 1000000)")
    assert ended.out == "y" * 1_000_000 + "\n"


def test_bytes_are_never_altered(four):
    data = bytes(range(256)) * 1000
    four.workers[0].path("/tmp/data").write_bytes(data)
    job = four.workers[0].start(["vrun", "-n", "1", "cat", "/tmp/data"])
    assert job.wait() == 0, job.err
    four.workers[0].path("/tmp/data").unlink()
    assert job.out_path.read_bytes() == data


# -- stdin ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def big_file(four):
    """200 MB that do not compress, as a file of the master."""
    path = four.master.path("/run/big")
    checksum = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(STDIN_SIZE // 1_000_000):
            block = os.urandom(1_000_000)
            file.write(block)
            checksum.update(block)
    yield path, checksum.hexdigest()
    path.unlink()


def digests(ended):
    assert ended.code == 0, ended
    return sorted(line.split()[0] for line in ended.out.splitlines())


def test_a_pipe_of_200_megabytes_reaches_rank_0_intact(four, big_file):
    path, expected = big_file
    ended = four.master.run(["sh", "-c", "cat /run/big | vrun -n 4 --map-by node sha256sum"],
                            timeout=240)
    assert digests(ended) == sorted([expected] + 3 * [EMPTY])
    assert max(peaks(four).values()) < RSS_MAX, peaks(four)


def test_a_file_on_stdin(four, big_file):
    path, expected = big_file
    with path.open("rb") as file:
        ended = vrun(four.master, "-n", 2, "sha256sum", stdin=file, timeout=240)
    assert digests(ended) == sorted([expected, EMPTY])


def test_a_closed_stdin(four):
    ended = four.master.run(["sh", "-c", "exec vrun -n 2 sha256sum <&-"])
    assert digests(ended) == [EMPTY, EMPTY]


def test_a_rank_that_does_not_read_its_stdin(four, big_file):
    with big_file[0].open("rb") as file:
        assert vrun(four.master, "-n", 2, "true", stdin=file).code == 0


def test_a_terminal_on_stdin(four):
    ended = four.master.run(["script", "-qec", "vrun -n 2 --map-by node cat", "/dev/null"],
                            stdin="hello from a terminal\n\x04")
    assert ended.code == 0, ended
    assert ended.out.count("hello from a terminal") >= 1


def test_in_the_background_of_a_terminal_it_is_not_stopped(four):
    script = "set -m; vrun -n 2 echo alive & wait $!; echo code $?"
    ended = four.master.run(["script", "-qec", f"bash -c '{script}'", "/dev/null"])
    assert ended.out.splitlines().count("alive") == 2 and "code 0" in ended.out, ended


# -- readers that go, disks that are full ----------------------------------------------------------------


def test_head_ends_the_job(four):
    ended = four.master.run(["bash", "-c", "vrun -n 4 yes | head -1; exit ${PIPESTATUS[0]}"])
    assert ended.out == "y\n"
    assert ended.code == 141, ended


def test_a_full_disk_behind_stdout_is_a_failure(four):
    ended = four.master.run(["sh", "-c", "exec vrun -n 2 echo lost > /dev/full"])
    assert ended.code == 74, ended
    assert "stdout" in ended.err or "output" in ended.err
