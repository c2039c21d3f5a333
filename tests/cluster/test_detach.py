# SPDX-License-Identifier: Apache-2.0
"""Jobs that outlive their vrun, their controller and its host: found, attached, awaited and killed
from anywhere, by whoever may."""

import contextlib
import itertools
import json
import re
import signal

import pytest

from faults import LEASE, sleepers
from host import PLAIN_USER, eventually
from jobs import HELLO, PYTHON, hosts_of, vrun

STEPS = "/srv/vrun/helpers/steps.py"
SLOWLY = "/srv/vrun/helpers/copy_slowly.py"
LINES = 20
NO_JOB, CANNOT_START, NODE_LOST, DAEMON_LOST, USAGE = 124, 127, 121, 122, 2
PATIENCE = 60
gates = (f"/run/gate{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(3)
    cluster.start_vrunds("--slots", "4", "--lease", str(LEASE))
    return cluster


@pytest.fixture(autouse=True)
def nothing_is_left(cluster):
    yield
    with contextlib.suppress(AssertionError, KeyError, ValueError):
        for job in jobs(cluster.workers[2]):
            if job["state"] != "ended":
                vrunctl(cluster.workers[2], "kill", "-s", "KILL", job["id"])
    if not cluster.master.has_vrund():
        cluster.master.start_vrund("--slots", "4", "--lease", str(LEASE))
    cluster.assert_clean()


def vrunctl(host, *words, **options):
    return host.run(["vrunctl", *map(str, words)], **options)


def detached(host, *words, ranks=4, ttl="", **options):
    """The id of a job on the first two workers, that runs."""
    ended = vrun(host, f"--detach{ttl}", "--host", "w1:4,w2:4", "--map-by", "node", "-n", ranks,
                 *words, **options)
    assert ended.code == 0, ended
    assert re.fullmatch(r"[0-9a-z]{13}\n", ended.out), ended
    assert f"vrunctl attach {ended.out.strip()}" in ended.err, ended
    return ended.out.strip()


def jobs(host, **options):
    ended = vrunctl(host, "jobs", "--json", **options)
    assert ended.code == 0, ended
    return json.loads(ended.out)["jobs"]


def job(host, name):
    return next((one for one in jobs(host) if one["id"] == name), None)


def open_gate(cluster, gate, step):
    for worker in cluster.workers:
        worker.path(f"{gate}.{step}").touch()


def lines_of(text):
    """{rank: its numbers, as they came}; every line is whole."""
    found = {}
    for line in text.splitlines():
        assert re.fullmatch(r"\d+ \d+", line), repr(line)
        rank, number = map(int, line.split())
        found.setdefault(rank, []).append(number)
    return found


def every_line_once(ranks, steps):
    return {rank: list(range(steps * LINES)) for rank in range(ranks)}


def shows(process, lines):
    return lambda: len(process.out.splitlines()) >= lines or process.poll() is not None


def kill_daemon(host):
    host.vrund.stop(signal.SIGKILL)


def cut_off(cluster, reader, worker):
    """They know nothing of each other until cluster.drop()."""
    kill_daemon(reader)
    cluster.drop(f"ip saddr {reader.address} ip daddr {worker.address}",
                 f"ip saddr {worker.address} ip daddr {reader.address}")
    reader.start_vrund("--slots", "4", "--lease", str(LEASE))


def workers_have(cluster, count, what="steps.py"):
    return lambda: sum(what in p.command and "shepherd" not in p.name for worker in cluster.workers
                       for p in worker.processes()) == count


def give_master_a_new_host(cluster):
    """Another address and another daemon; the name is the old one's."""
    old = cluster.master
    cluster.hosts.remove(old)
    old.close()
    number = int(old.address.split(".")[-1]) + 1
    cluster.master = cluster.add_stranger("master", number)
    assert cluster.master.address != old.address
    cluster.master.start_vrund("--slots", "4", "--lease", str(LEASE))


# -- the master goes, the job stays ------------------------------------------------------------------


def test_a_job_outlives_its_master_and_each_line_is_shown_once(cluster):
    gate = next(gates)
    name = detached(cluster.master, PYTHON, STEPS, gate, LINES, 4, 3)
    kill_daemon(cluster.master)
    open_gate(cluster, gate, 1)  # written while there is no controller at all
    give_master_a_new_host(cluster)
    master, other = cluster.master, cluster.workers[2]
    waiting = other.start(["vrunctl", "wait", name])
    found = job(master, name)
    assert found["state"] == "running" and found["detached"] and not found["attached"], found
    assert found["ranks"] == 4 and found["nodes"] == ["w1", "w2"] and found["user"] == "root", found

    first = master.start(["vrunctl", "attach", name[:8]])
    eventually(shows(first, 4 * 2 * LINES), PATIENCE, "the lines of two steps")
    assert job(other, name)["attached"]
    first.send_signal(signal.SIGINT)
    assert first.wait() == 130, first.err
    assert f"job {name} goes on" in first.err
    assert lines_of(first.out) == every_line_once(4, 2)

    open_gate(cluster, gate, 2)  # written while nobody reads
    second = other.start(["vrunctl", "attach", name])
    eventually(shows(second, 4 * LINES), PATIENCE, "the lines of the third step")
    second.send_signal(signal.SIGINT)
    assert second.wait() == 130, second.err

    open_gate(cluster, gate, 3)
    assert waiting.wait() == 3, waiting.err  # the first rank that failed, with nobody attached
    last = vrunctl(master, "attach", name)
    assert last.code == 3, last
    assert re.search(r"rank \d on node w[12] exited with code 3", last.err), last
    shown = lines_of(first.out + second.out + last.out)
    for rank, numbers in shown.items():  # of a job that fails the others may be cut short
        assert numbers == list(range(len(numbers))) and len(numbers) >= 3 * LINES, (rank, numbers)
    assert "exited with code 3" in waiting.err
    again = vrunctl(master, "wait", name)  # it is remembered
    assert again.code == 3, again
    assert job(master, name)["exit_code"] == 3


def test_a_killed_reader_loses_no_line(cluster):
    """What it had written and not yet confirmed comes again: nothing is missing, and in order."""
    gate = next(gates)
    name = detached(cluster.master, PYTHON, STEPS, gate, LINES, 3)
    reader = cluster.master.start(["vrunctl", "attach", name])
    eventually(shows(reader, 4 * LINES), PATIENCE, "the lines of a step")
    open_gate(cluster, gate, 1)
    reader.send_signal(signal.SIGKILL)
    reader.wait()
    open_gate(cluster, gate, 2)
    rest = vrunctl(cluster.workers[2], "attach", name)
    assert rest.code == 0, rest
    seen, more = lines_of(reader.out), lines_of(rest.out)
    for rank in range(4):
        numbers = more[rank]
        assert numbers == list(range(numbers[0], 3 * LINES)), (rank, numbers)
        assert numbers[0] <= len(seen[rank]), (rank, seen[rank], numbers)


def test_a_rank_fails_while_no_controller_exists_and_wait_tells_its_code(cluster):
    gate = next(gates)
    name = detached(cluster.master, PYTHON, STEPS, gate, LINES, 2, 7)
    kill_daemon(cluster.master)
    open_gate(cluster, gate, 1)
    eventually(workers_have(cluster, 0), PATIENCE, "the end of all ranks")
    ended = vrunctl(cluster.workers[2], "wait", name)
    assert ended.code == 7, ended
    assert "exited with code 7" in ended.err
    cluster.master.start_vrund("--slots", "4", "--lease", str(LEASE))
    ended = vrunctl(cluster.master, "attach", name)
    assert ended.code == 7, ended
    assert "exited with code 7" in ended.err
    assert vrunctl(cluster.master, "wait", name).code == 7


def test_an_interactive_job_ends_with_its_master_and_a_detached_one_beside_it_lives_on(cluster):
    interactive = cluster.master.start(["vrun", "--host", "w1:4,w2:4", "--map-by", "node", "-n", "2",
                                        "sleep", "1000"])
    eventually(lambda: len(sleepers(cluster)) == 2, PATIENCE, "the interactive job")
    listed = [one for one in jobs(cluster.workers[2]) if one["state"] != "ended"]
    assert [(one["detached"], one["controller"]) for one in listed] == [(False, "master")], listed
    refused = vrunctl(cluster.workers[2], "attach", listed[0]["id"])
    assert refused.code == NO_JOB and "belongs to the vrun that started it" in refused.err, refused
    name = detached(cluster.master, "sleep", 2000, ranks=2)
    kill_daemon(cluster.master)
    assert interactive.wait() == DAEMON_LOST, interactive.err
    eventually(lambda: not sleepers(cluster), PATIENCE, "the end of the interactive job")
    assert workers_have(cluster, 2, "sleep 2000")()
    assert job(cluster.workers[2], name)["state"] == "running"
    killed = vrunctl(cluster.workers[2], "kill", name)
    assert killed.code == 0, killed


def test_the_ttl_ends_a_job_that_nobody_controls(cluster):
    name = detached(cluster.master, "sleep", 1000, ranks=2, ttl="=3s")
    kill_daemon(cluster.master)
    eventually(lambda: not sleepers(cluster), PATIENCE, "the end of the job")
    assert vrunctl(cluster.workers[2], "wait", name).code in (DAEMON_LOST, NO_JOB)


# -- what is asked of a job ----------------------------------------------------------------------------


def test_kill_says_who_did_it(cluster):
    name = detached(cluster.master, "sleep", 1000)
    attached = cluster.master.start(["vrunctl", "attach", name])
    waiting = cluster.workers[0].start(["vrunctl", "wait", name])
    eventually(lambda: job(cluster.master, name)["attached"], PATIENCE, "the attachment")
    killed = vrunctl(cluster.workers[2], "kill", name[:6])
    assert killed.code == 0, killed
    for one in (attached, waiting):
        assert one.wait() == 128 + signal.SIGTERM, one.err
        assert "vrunctl kill, by uid 0 on node w3" in one.err, one.err
    assert vrunctl(cluster.master, "kill", name).code == 0  # it has ended
    name = detached(cluster.master, "sh", "-c", "trap '' TERM; sleep 1000")
    assert vrunctl(cluster.master, "kill", "-s", "KILL", name).code == 0
    assert vrunctl(cluster.master, "wait", name).code == 128 + signal.SIGKILL


def test_other_signals_reach_the_ranks(cluster):
    name = detached(cluster.master, PYTHON, "/srv/vrun/helpers/report_signals.py", ranks=2)
    reader = cluster.master.start(["vrunctl", "attach", name])
    eventually(lambda: reader.out.count("ready") == 2, PATIENCE, "both ranks")
    assert vrunctl(cluster.workers[2], "kill", "-s", "USR1", name).code == 0
    eventually(lambda: reader.out.count("got SIGUSR1") == 2, PATIENCE, "the signal")
    assert vrunctl(cluster.workers[2], "kill", "-s", "sigterm", name).code == 0
    reader.wait()


def test_who_attaches_later_has_it(cluster):
    name = detached(cluster.master, "sleep", 1000)
    first = cluster.master.start(["vrunctl", "attach", name])
    eventually(lambda: job(cluster.master, name)["attached"], PATIENCE, "the attachment")
    second = cluster.workers[2].start(["vrunctl", "attach", name])
    assert first.wait() == NO_JOB, first.err
    assert f"job {name} was attached by uid 0 on node w3" in first.err
    third = cluster.workers[0].start(["vrunctl", "attach", name])  # where it has ranks
    assert second.wait() == NO_JOB, second.err
    assert vrunctl(cluster.master, "kill", name).code == 0
    assert third.wait() == 128 + signal.SIGTERM, third.err


def test_readers_in_quick_succession_lose_and_repeat_nothing(cluster):
    """Each takes the job from the one before, at the same daemon, while output is under way."""
    gate, lines = next(gates), 3_000_000
    program = (f"echo 0 0; until [ -e {gate}.1 ]; do sleep 0.02; done;"
               f"seq -f '0 %.0f' 1 {lines - 1}")
    name = detached(cluster.master, "sh", "-c", program, ranks=1)
    attach = f"vrunctl attach {name} 2> /dev/null | {PYTHON} {SLOWLY}"
    files = [cluster.master.path(f"{gate}.reader{number}") for number in range(6)]
    readers = []
    for number, file in enumerate(files):
        readers.append(cluster.master.start(["sh", "-c", f"{attach} > {gate}.reader{number}"]))
        eventually(lambda: file.exists() and file.stat().st_size > 0, PATIENCE, "a first line")
        open_gate(cluster, gate, 1)
    for reader in readers:
        reader.wait()
    assert vrunctl(cluster.master, "wait", name).code == 0
    following = 0
    for file in files:
        numbers = lines_of(file.read_text().rpartition("\n")[0])[0]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert numbers[0] <= following, "what the last one wrote and did not confirm comes again"
        following = numbers[-1] + 1
    assert following == lines


def test_a_reader_who_cannot_reach_a_node_harms_no_job(cluster):
    gate = next(gates)
    name = detached(cluster.master, PYTHON, STEPS, gate, LINES, 2)
    reader = cluster.workers[2]
    cut_off(cluster, reader, cluster.workers[1])
    try:
        attached = reader.start(["vrunctl", "attach", name])
        eventually(shows(attached, 2 * LINES), PATIENCE, "the lines of a step")
        assert attached.poll() is None, attached.err
        open_gate(cluster, gate, 1)
        assert attached.wait() == NODE_LOST, attached.err  # a part of the output is missing
        assert lines_of(attached.out) == {rank: list(range(2 * LINES)) for rank in (0, 2)}
        assert "node w3 cannot reach it" in attached.err, attached.err
    finally:
        cluster.drop()
    rest = vrunctl(cluster.master, "attach", name)
    assert rest.code == 0, rest
    assert lines_of(rest.out) == {rank: list(range(2 * LINES)) for rank in (1, 3)}


def test_ranks_do_not_wait_for_a_reader_who_was_replaced(cluster):
    """Also where the new reader cannot tell them so."""
    gate = next(gates)
    name = detached(cluster.master, "sh", "-c", f"until [ -e {gate}.1 ]; do sleep 0.02; done;"
                                                "seq 1 5000000", ranks=2)
    first = cluster.master.start(["vrunctl", "attach", name])
    eventually(lambda: job(cluster.master, name)["attached"], PATIENCE, "the attachment")
    cut_off(cluster, cluster.workers[2], cluster.workers[1])
    try:
        second = cluster.workers[2].start(["vrunctl", "attach", name])
        assert first.wait() == NO_JOB, first.err
        open_gate(cluster, gate, 1)
        assert vrunctl(cluster.master, "wait", name).code == 0
        assert second.wait() == NODE_LOST, second.err
    finally:
        cluster.drop()


def test_what_was_read_to_its_end_where_the_root_is_goes_everywhere(cluster):
    gate = next(gates)
    name = detached(cluster.master, PYTHON, STEPS, gate, LINES, 2, ttl="=5s")
    attached = cluster.workers[0].start(["vrunctl", "attach", name])
    eventually(lambda: job(cluster.master, name)["attached"], PATIENCE, "the attachment")
    open_gate(cluster, gate, 1)
    assert attached.wait() == 0, attached.err
    assert job(cluster.workers[2], name)["state"] == "ended"
    eventually(lambda: job(cluster.workers[2], name) is None, PATIENCE, "the end of its time")


def test_an_id_of_any_length_harms_nobody(cluster):
    running = cluster.master.start(["vrun", "--host", "w1:1,w2:1", "-n", "2", "sleep", "1000"])
    eventually(workers_have(cluster, 2, "sleep 1000"), PATIENCE, "the ranks")
    for size in (14, 1_000, 1_007, 20_000):
        ended = vrunctl(cluster.master, "wait", "a" * size)
        assert ended.code == NO_JOB, ended
        assert "no job has an id of more than 13 letters" in ended.err, ended
    assert running.poll() is None, running.err
    running.send_signal(signal.SIGTERM)
    assert running.wait() == 128 + signal.SIGTERM, running.err


def test_only_the_owner_and_root_may_see_and_command_a_job(cluster):
    of_root = detached(cluster.master, "sleep", 1000, ranks=2)
    of_alice = detached(cluster.master, "sleep", 1000, ranks=2, user=PLAIN_USER, cwd="/")
    assert [one["id"] for one in jobs(cluster.workers[2], user=PLAIN_USER)
            if one["state"] != "ended"] == [of_alice]
    for verb in ("attach", "wait", "kill"):
        ended = vrunctl(cluster.workers[2], verb, of_root, user=PLAIN_USER)
        assert ended.code == NO_JOB, ended
        assert f"no node knows a job {of_root} of yours" in ended.err
    assert len(sleepers(cluster)) == 4
    assert {of_root, of_alice} <= {one["id"] for one in jobs(cluster.master)}
    assert vrunctl(cluster.workers[1], "kill", of_alice, user=PLAIN_USER).code == 0
    assert vrunctl(cluster.workers[1], "kill", of_root).code == 0


def test_a_lost_root_is_told(cluster):
    name = detached(cluster.master, "sleep", 1000)
    waiting = cluster.workers[2].start(["vrunctl", "wait", name])
    attached = cluster.master.start(["vrunctl", "attach", name])
    eventually(lambda: job(cluster.master, name)["attached"], PATIENCE, "the attachment")
    kill_daemon(cluster.workers[0])
    for one in (waiting, attached):
        assert one.wait() == NODE_LOST, one.err
        assert "node w1" in one.err, one.err
    eventually(lambda: not sleepers(cluster), PATIENCE, "the end of the job")
    cluster.workers[0].start_vrund("--slots", "4", "--lease", str(LEASE))
    ended = vrunctl(cluster.workers[2], "wait", name)
    assert ended.code == NODE_LOST, ended
    assert "node w1 is lost" in ended.err


def test_what_cannot_be_done_is_said(cluster):
    for ttl in ("=0s", "=soon", "=31d"):
        ended = vrun(cluster.master, f"--detach{ttl}", "true")
        assert ended.code == USAGE, ended
    failed = vrun(cluster.master, "--detach", "--host", "w1", "-n", 1, "/no/such/program")
    assert failed.code == CANNOT_START and failed.out == "", failed
    assert "did not start" in failed.err
    unknown = vrunctl(cluster.master, "wait", "0123")
    assert unknown.code == NO_JOB and "no node knows a job 0123" in unknown.err, unknown


# -- output ------------------------------------------------------------------------------------------------


def test_an_mpi_job_detached_and_attached(cluster):
    gate = next(gates)
    script = f"while [ ! -e {gate}.1 ]; do sleep 0.05; done; exec {HELLO}"
    name = detached(cluster.master, "sh", "-c", script)
    open_gate(cluster, gate, 1)
    ended = vrunctl(cluster.workers[2], "attach", name)
    assert ended.code == 0, ended
    assert sorted(hosts_of(ended.out).values()) == ["w1", "w1", "w2", "w2"], ended


def test_what_a_full_spool_drops_is_counted(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "4", "--spool", "1")
    lines = 40_000  # 4 MB of each rank
    name = detached(cluster.master, PYTHON, "/srv/vrun/helpers/lines.py", lines, "both", ranks=2)
    assert vrunctl(cluster.master, "wait", name).code == 0
    ended = vrunctl(cluster.master, "attach", name)
    assert ended.code == 0, ended
    dropped = {stream: sum(map(int, re.findall(rf"has dropped (\d+) bytes of standard {stream}",
                                               ended.err)))
               for stream in ("output", "error")}
    words = [line for line in ended.err.splitlines(keepends=True) if line.startswith("vrunctl:")]
    shown = {"output": len(ended.out), "error": len(ended.err) - len("".join(words))}
    written = 2 * lines * 100
    for stream in shown:
        assert dropped[stream] > 0 and shown[stream] > 0
        assert shown[stream] + dropped[stream] == written, (stream, shown, dropped)
    assert all(len(line) == 99 for line in ended.out.splitlines())
    assert vrunctl(cluster.master, "attach", name).out == ""  # it was shown
    cluster.assert_clean()
