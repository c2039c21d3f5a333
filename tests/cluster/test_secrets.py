# SPDX-License-Identifier: Apache-2.0
"""Where the cluster key can be found: in its file and in the daemon's own memory, nowhere else."""

import contextlib
import os
import re
import signal
from pathlib import Path

import pytest

from host import HOME, PLAIN_UID, PLAIN_USER, eventually
from jobs import vrun

KEY_FILES = {f"{HOME}/key", f"{HOME}/key-{PLAIN_UID}"}


def forms_of(key):
    """Every way in which a careless program could keep it."""
    digits = key.strip()
    return [digits.lower().encode(), digits.upper().encode(), bytes.fromhex(digits)]


def holds(data, key):
    return any(form in data for form in forms_of(key))


def memory_of(host, pid):
    """What can be read of a process's memory, by root."""
    pieces = []
    with open(host.path(f"/proc/{pid}/maps")) as maps, open(host.path(f"/proc/{pid}/mem"), "rb") as mem:
        for line in maps:
            begin, end = (int(number, 16) for number in line.split()[0].split("-"))
            if "r" not in line.split()[1] or "[v" in line or end - begin > 1 << 30:
                continue
            with contextlib.suppress(OSError, ValueError, OverflowError):
                mem.seek(begin)
                pieces.append(mem.read(end - begin))
    return b"".join(pieces)


def shown_of(host, pid):
    """What /proc says of a process: words, variables, names of open files."""
    shown = b""
    for name in ("cmdline", "environ", "comm"):
        shown += host.path(f"/proc/{pid}/{name}").read_bytes()
    links = [os.readlink(fd) for fd in host.path(f"/proc/{pid}/fd").iterdir()]
    return shown, links


@pytest.fixture(scope="module")
def busy(make_cluster):
    """A job of alice's on two hosts, whose daemons talk of everything."""
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "2", "--log-level", "debug")
    script = "echo ready; sleep 1000 & wait"
    cluster.job = cluster.master.start(["vrun", "-v", "-n", "4", "sh", "-c", script],
                                       user=PLAIN_USER, cwd="/tmp")
    eventually(lambda: cluster.job.out.count("ready") == 4, 60, "four ranks")
    yield cluster
    cluster.job.stop(signal.SIGKILL)
    cluster.assert_clean()


def everybody(cluster):
    for host in cluster.workers + [cluster.master]:
        for process in host.processes():
            if process.state != "Z":
                yield host, process


def test_the_search_finds_the_key_where_it_is(busy):
    """Else the tests below prove nothing."""
    for host, process in everybody(busy):
        if process.name == "vrund":
            assert holds(memory_of(host, process.pid), busy.key)


def test_no_other_process_has_the_key_in_memory(busy):
    seen = set()
    for host, process in everybody(busy):
        if process.name != "vrund":
            assert not holds(memory_of(host, process.pid), busy.key), process
            seen.add(process.name)
    assert {"vrun", "vrun-shepherd", "sh", "sleep"} <= seen


def test_nobody_shows_the_key_or_has_its_file_open(busy):
    for host, process in everybody(busy):
        shown, links = shown_of(host, process.pid)
        assert not holds(shown, busy.key), process
        assert not KEY_FILES & set(links), process


def test_no_file_and_no_log_has_the_key(busy):
    for host in busy.workers + [busy.master]:
        for place in ("/tmp", "/run", "/dev/shm", "/srv"):
            for top, _, names in os.walk(host.path(place)):
                inside = "/" + os.path.relpath(top, host.path("/"))
                for name in names:
                    path = Path(top, name)
                    if f"{inside}/{name}" in KEY_FILES or not path.is_file() or "/bin" in inside:
                        continue
                    assert not holds(path.read_bytes(), busy.key), f"{host.name}:{inside}/{name}"
    said = "".join(process.out + process.err for host in busy.hosts for process in host.started)
    assert "ready" in said and not holds(said.encode(), busy.key)


def test_a_user_reads_nothing_of_a_daemon(busy):
    host = busy.workers[0]
    vrund = next(process for process in host.processes() if process.name == "vrund")
    for name in ("mem", "environ", "maps", "fd/0", "root", "auxv"):
        ended = host.run(["head", "-c", "1", f"/proc/{vrund.pid}/{name}"], user=PLAIN_USER)
        assert ended.code != 0 and ended.out == "", (name, ended)
    for path in KEY_FILES - {f"{HOME}/key-{PLAIN_UID}"}:
        assert host.run(["cat", path], user=PLAIN_USER).out == ""


def test_not_even_other_programs_of_the_daemon_s_own_user_do(make_cluster):
    """Ranks, for one. (The file is that user's own, of course.)"""
    host = make_cluster(1).workers[0]
    host.start_vrund("--slots", "1", user=PLAIN_USER)
    pid = next(process.pid for process in host.processes() if process.name == "vrund")
    socket = {"VRUN_SOCKET": f"/tmp/vrun-{PLAIN_UID}/vrund.sock"}
    for _ in range(2):  # a job started in between changes nothing
        for name in ("mem", "environ", "maps"):
            ended = vrun(host, "-n", 1, "head", "-c", "1", f"/proc/{pid}/{name}", user=PLAIN_USER,
                         env=socket, cwd="/tmp")
            assert ended.code != 0 and ended.out == "", (name, ended)


def test_a_daemon_that_crashes_leaves_no_core(make_cluster):
    host = make_cluster(1).workers[0]
    command = 'ulimit -c unlimited; cd /tmp; exec vrund --slots 1'
    for user in (None, PLAIN_USER):
        suffix = "" if user is None else f"-{PLAIN_UID}"
        host.vrund = host.start(["sh", "-c", command], user=user,
                                env={"VRUN_KEY_FILE": f"{HOME}/key{suffix}"})
        host.wait_for_vrund()
        assert vrun(host, "-n", 1, "id", user=PLAIN_USER, cwd="/tmp",
                    env={"VRUN_SOCKET": f"/tmp/vrun-{PLAIN_UID}/vrund.sock"} if user else {}).code == 0
        os.kill(host.vrund.pid, signal.SIGSEGV)
        _, status = os.waitpid(host.vrund.pid, 0)
        host.vrund.popen.returncode = -signal.SIGSEGV  # reaped by us, to see the flag
        assert os.WTERMSIG(status) == signal.SIGSEGV and not os.WCOREDUMP(status)
        assert not [name for name in os.listdir(host.path("/tmp")) if "core" in name]
        host.assert_clean()


def test_ranks_may_leave_a_core_where_their_user_wants_one(make_cluster):
    """Only the daemon is silent: people debug their programs."""
    host = make_cluster(1).workers[0]
    host.start_vrund("--slots", "1")
    script = "ulimit -Sc; grep -c . /proc/self/environ >/dev/null && echo readable"
    ended = host.run(["sh", "-c", f"ulimit -c unlimited; exec vrun -n 1 sh -c '{script}'"],
                     user=PLAIN_USER, cwd="/tmp")
    assert ended.code == 0 and ended.out.split() == ["unlimited", "readable"], ended


def test_a_key_on_standard_input_leaves_no_trace(make_cluster):
    """vrund --private, as ssh starts it on another machine."""
    cluster = make_cluster(1)
    host = cluster.workers[0]
    reading, writing = os.pipe()
    daemon = host.start(["vrund", "--private", "--log-level", "debug"], stdin=reading)
    os.close(reading)
    os.write(writing, cluster.key.encode())
    eventually(lambda: re.match(r"\d+ \w{13} vrun", daemon.out), 60, "its line")
    pid = next(process.pid for process in host.processes() if process.name == "vrund")
    digits = cluster.key.strip().encode()
    assert digits not in memory_of(host, pid)  # the text was wiped; the bytes are its business
    assert not holds(shown_of(host, pid)[0] + daemon.out.encode() + daemon.err.encode(), cluster.key)
    os.close(writing)
    assert daemon.wait(60) == 0
