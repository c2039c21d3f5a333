# SPDX-License-Identifier: Apache-2.0
"""How long a job lives and what it survives: time limits, what is told of a job that hangs, ranks
that fail while the others go on, and what vrun publishes of itself."""

import os
import pty
import re
import shutil
import signal
import subprocess
import time

import pytest

from faults import kill, named
from host import Ended, eventually
from jobs import PYTHON, vrun

OPENMPI, MPICH = ("/srv/vrun/examples/%s/abort" % mpi for mpi in ("openmpi", "mpich"))
HANG = ["99", "1"]  # no rank calls MPI_Abort: all wait in MPI for a message that never comes
WITHOUT_PMIX = os.environ.get("VRUN_WITHOUT_PMIX")
SURVIVOR = "/srv/vrun/helpers/lose_a_rank.py"
REPORT = "/srv/vrun/helpers/report_signals.py"
LATE = 40  # seconds that a loaded machine may need for what takes two

needs_pmix = pytest.mark.skipif(bool(WITHOUT_PMIX), reason="the build under test has MPICH only")
each_mpi = pytest.mark.parametrize("program", [pytest.param(OPENMPI, marks=needs_pmix), MPICH],
                                   ids=["openmpi", "mpich"])


@pytest.fixture(autouse=True)
def nothing_is_left(four):
    yield
    four.assert_clean()


def one_each(four, *arguments, **options):
    return vrun(four.master, "-n", 4, "--map-by", "node", *arguments, **options)


def patiently(attempt, seen, limits=(4, 15, 60)):
    """The attempt with the first time limit at which `seen`: a loaded machine starts ranks late."""
    for limit in limits:
        ended = attempt(limit)
        assert ended.code == 110, ended
        if seen(ended):
            break
    return ended


# -- time ------------------------------------------------------------------------------------------


@each_mpi
def test_a_job_that_hangs_in_mpi_ends_when_its_time_is_over(four, program):
    began = time.monotonic()
    ended = one_each(four, "--timeout", 3, program, *HANG)
    assert ended.code == 110, ended
    assert 3 <= time.monotonic() - began < 3 + LATE
    assert "The user-provided time limit for job execution has been reached" in ended.err
    assert "Timeout: 3 seconds" in ended.err


def test_ranks_that_ignore_term_end_as_well(four):
    ended = patiently(lambda limit: one_each(four, "--timeout", limit, PYTHON, REPORT, "stubborn",
                                             timeout=120),
                      lambda ended: ended.out.count("ready") == 4, limits=(2, 15, 60))
    assert ended.out.count("got SIGTERM") == 4


def test_a_job_that_is_done_in_time_is_left_alone(four):
    assert one_each(four, "--timeout", "1:00:00", "true").code == 0
    assert one_each(four, "--timeout", 0, "sleep", 1).code == 0
    assert one_each(four, "--timeout", 60, "sh", "-c", "exit 3").code == 3


@pytest.mark.parametrize("variable", ["MPIEXEC_TIMEOUT"])
def test_the_variable_of_mpiexec_limits_the_time(four, variable):
    ended = one_each(four, "sleep", 1000, env={variable: "2"})
    assert ended.code == 110 and "Timeout: 2 seconds" in ended.err, ended
    assert one_each(four, "--timeout", 60, "true", env={variable: "1"}).code == 0


def test_the_time_of_runtime_options(four):
    assert one_each(four, "--runtime-options", "timeout=0:02", "sleep", 1000).code == 110


def test_output_that_nobody_reads_does_not_keep_a_late_job(four):
    """A pager that stands still: vrun leaves nevertheless."""
    reader, writer = os.pipe()
    job = four.master.popen(["vrun", "-n", "4", "--timeout", "2", "yes"], stdout=writer,
                            stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        assert job.wait(60) == 110
    finally:
        os.close(reader)
        job.kill()
        job.wait()


def test_a_job_that_cannot_start_in_time_ends(four):
    """A daemon that stands still: the other hosts run, and the start would last the lease."""
    stopped = four.workers[3].vrund
    stopped.send_signal(signal.SIGSTOP)
    try:
        ended = one_each(four, "--spawn-timeout", 2, "sleep", 1000)
    finally:
        stopped.send_signal(signal.SIGCONT)
    assert ended.code == 110, ended
    assert "--spawn-timeout" in ended.err and "2 s" in ended.err


# -- what is told of a job that hangs ----------------------------------------------------------------


def states(text):
    """{rank: (node, pid, state)}"""
    rows = re.findall(r"Rank: (\d+)    Node: (\S+)(?:    PID: (\d+))?    State: (.+)", text)
    return {int(rank): (node, int(pid or 0), state) for rank, node, pid, state in rows}


@each_mpi
def test_the_state_of_all_ranks_is_told(four, program):
    ended = patiently(lambda limit: one_each(four, "--timeout", limit, "--report-state-on-timeout",
                                             program, *HANG, timeout=120),
                      lambda ended: ended.err.count("IN MPI") == 4)
    told = states(ended.err)
    assert sorted(told) == [0, 1, 2, 3], ended
    assert [node for node, _, _ in told.values()] == ["w1", "w2", "w3", "w4"]
    assert all(pid > 0 for _, pid, _ in told.values())
    assert {state for _, _, state in told.values()} == {"IN MPI"}, ended


def test_the_state_tells_who_has_ended(four):
    script = ("case $VRUN_RANK in 1) exit 5;; 2) kill -9 $$;; *) exec sleep 1000;; esac")
    ended = patiently(lambda limit: one_each(four, "--timeout", limit, "--report-state-on-timeout",
                                             "--enable-recovery", "sh", "-c", script, timeout=120),
                      lambda ended: "EXITED" in ended.err and "KILLED" in ended.err, limits=(2, 15))
    told = {rank: state for rank, (_, _, state) in states(ended.err).items()}
    assert told == {0: "RUNNING", 1: "EXITED    ExitCode: 5",
                    2: "KILLED by signal 9 (SIGKILL)", 3: "RUNNING"}, ended


def test_a_node_that_does_not_answer_is_named(four):
    worker = four.workers[1]

    def attempt(limit):
        job = four.master.start(["vrun", "-n", "4", "--map-by", "node", "--timeout", str(limit),
                                 "--report-state-on-timeout", "sh", "-c", "echo ready; sleep 1000"])
        eventually(lambda: job.out.count("ready") == 4 or job.poll() is not None, 60)
        shepherds = named(worker, "vrun-shepherd")
        for shepherd in shepherds:
            kill(worker, shepherd, signal.SIGSTOP)
        eventually(lambda: "DATA FOR JOB" in job.err or job.poll() is not None, 90)
        for shepherd in shepherds:
            kill(worker, shepherd, signal.SIGCONT)
        return Ended(job.wait(), job.out, job.err)

    job = patiently(attempt, lambda ended: "UNKNOWN" in ended.err)
    told = {node: state for node, _, state in states(job.err).values()}
    assert told["w2"].startswith("UNKNOWN") and told["w1"] == told["w3"] == "RUNNING", job.err


@needs_pmix
def test_stack_traces_or_why_there_are_none(four):
    """As with the hosts' own programs: with a debugger the functions, else what to install."""
    def found(ended):
        return re.findall(r"STACK TRACE FOR PROC (\d) \((w\d), PID \d+\)", ended.err)

    ended = patiently(lambda limit: vrun(four.master, "-n", 2, "--map-by", "node", "--timeout", limit,
                                         "--get-stack-traces", OPENMPI, *HANG, timeout=150),
                      lambda ended: len(found(ended)) == 2)
    assert found(ended) == [("0", "w1"), ("1", "w2")], ended
    has_debugger = any(shutil.which(name) for name in ("gstack", "eu-stack", "gdb"))
    if not has_debugger:
        assert ended.err.count("there is no gstack, eu-stack or gdb on this node") == 2, ended
    else:  # the functions; or why the debugger saw none
        lines = [line for line in ended.err.splitlines() if line.startswith("    ")]
        assert lines and "there is no gstack" not in ended.err, ended


# -- ranks that fail while the others go on -------------------------------------------------------------


FAILS = "[ $VRUN_RANK = 1 ] && %s; sleep 1; echo done $VRUN_RANK"


@pytest.mark.parametrize("code, words, failure", [
    (0, ["--enable-recovery"], "exit 3"),
    (0, ["--enable-recovery"], "kill -9 $$"),
    (0, ["--continuous"], "kill -9 $$"),
    (3, ["-disable-auto-cleanup"], "exit 3"),
    (137, ["-disable-auto-cleanup"], "kill -9 $$"),
    (3, ["--runtime-options", "recoverable"], "exit 3"),
    (0, ["--rto", "recoverable"], "kill -9 $$"),
    (0, ["--rto", "error-nonzero-status=0"], "exit 3"),
])
def test_the_others_go_on_when_a_rank_fails(four, code, words, failure):
    ended = one_each(four, *words, "sh", "-c", FAILS % failure)
    assert ended.code == code, ended
    assert sorted(ended.out.splitlines()) == ["done 0", "done 2", "done 3"]
    assert "rank 1" in ended.err and "w2" in ended.err and "the others go on" in ended.err


@pytest.mark.parametrize("words", [[], ["--enable-recovery", "--disable-recovery"],
                                   ["-enable-auto-cleanup"]])
def test_without_them_the_first_failure_ends_the_job(four, words):
    ended = one_each(four, *words, "sh", "-c", FAILS.replace("sleep 1", "sleep 1000") % "exit 3")
    assert ended.code == 3 and ended.out == "", ended


def test_a_rank_that_is_killed_is_not_forgiven_where_only_codes_are(four):
    ended = one_each(four, "--rto", "error-nonzero-status=0", "sh", "-c",
                     FAILS.replace("sleep 1", "sleep 1000") % "kill -9 $$")
    assert ended.code == 137 and ended.out == "", ended


@needs_pmix
@pytest.mark.parametrize("mapping", ["node", "slot"])
def test_mpi_ranks_finish_though_one_of_them_is_killed(four, mapping):
    """Between MPI_Init and MPI_Finalize, on a host of its own or beside the others."""
    ended = vrun(four.master, "-n", 4, "--map-by", mapping, "--enable-recovery", "--timeout", 90,
                 PYTHON, SURVIVOR, timeout=120)
    assert ended.code == 0, ended
    assert sorted(ended.out.splitlines()) == ["finalized 0", "finalized 2", "finalized 3"], ended
    assert "rank 1" in ended.err and "signal 9" in ended.err


@needs_pmix
def test_mpi_abort_ends_a_job_that_would_go_on(four):
    ended = one_each(four, "--enable-recovery", OPENMPI, 2, 7)
    assert ended.code == 7, ended


def test_a_program_that_is_missing_ends_a_job_that_would_go_on(four):
    assert one_each(four, "--enable-recovery", "/no/such/program").code == 127


# -- as mpirun --------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("mpirun.openmpi") is None, reason="no mpirun to compare with")
@pytest.mark.parametrize("words, command", [
    (["--timeout", "2"], ["sleep", "1000"]),
    (["--enable-recovery"], ["sh", "-c", "[ $OMPI_COMM_WORLD_RANK = 1 ] && exit 3; echo on"]),
    (["--enable-recovery"], ["sh", "-c", "[ $OMPI_COMM_WORLD_RANK = 1 ] && kill -9 $$; echo on"]),
    (["--timeout", "0"], ["echo", "on"]),
], ids=["timeout", "code", "signal", "no timeout"])
def test_the_same_line_ends_as_with_mpirun(four, words, command):
    host = four.workers[0]
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    line = ["--oversubscribe", "-n", "3", *words, *command]
    stock = host.run(["mpirun.openmpi", *line], env=allowed, timeout=90)
    ours = host.run(["vrun", *line], timeout=90)
    assert (ours.code, ours.out) == (stock.code, stock.out), (ours, stock)
    if "limit" in stock.err:
        first = next(line for line in stock.err.splitlines() if "limit" in line)
        assert first in ours.err, ours


# -- what vrun publishes, and passes on ----------------------------------------------------------------------


def test_the_pid_goes_where_it_shall(four):
    job = four.master.start(["vrun", "-n", "2", "--report-pid", "-", "sleep", "1000"])
    eventually(lambda: job.out.endswith("\n") or job.poll() is not None)
    pids = {p.pid for p in four.master.processes() if p.name == "vrun"}
    assert job.out.strip().isdigit() and len(pids) == 1
    job.stop()
    ended = vrun(four.master, "-n", 2, "--report-pid", "+", "true")
    assert ended.code == 0 and ended.err.strip().isdigit() and ended.out == ""
    ended = four.master.run(["sh", "-c", "vrun --report-pid /tmp/pid -n 1 true; cat /tmp/pid; rm /tmp/pid"])
    assert ended.out.strip().isdigit()
    assert vrun(four.master, "--report-pid", "/no/such/pid", "-n", 1, "true").code == 74


def test_the_address_is_what_ranks_see(four):
    told = 'cat /tmp/uri; rm /tmp/uri'
    ended = four.master.run(
        ["sh", "-c", f"vrun --report-uri /tmp/uri -n 1 printenv OMPI_MCA_orte_hnp_uri; {told}"])
    first, second = ended.out.splitlines()
    assert first == second and re.fullmatch(r"\d+\.0;tcp://10\.77\.\d+\.\d+:\d+", first)
    ended = vrun(four.master, "--report-uri", "-", "-n", 2, "true")
    assert re.fullmatch(r"\d+\.0;tcp://10\.77\.\d+\.\d+:\d+\n", ended.out), ended
    assert vrun(four.master, "--report-uri", "/no/such/uri", "-n", 1, "true").code == 74


def trap(name):
    return ["sh", "-c", f"trap 'echo got {name}; exit 0' {name}; echo ready; "
                        "while :; do sleep 0.1; done"]


def test_a_signal_is_passed_on_when_asked_for(four):
    job = four.master.start(["vrun", "-n", "4", "--forward-signals", "SIGWINCH", *trap("WINCH")])
    eventually(lambda: job.out.count("ready") == 4, 60)
    job.send_signal(signal.SIGWINCH)
    assert job.wait() == 0, job.err
    assert job.out.count("got WINCH") == 4


def test_no_signal_is_passed_on_when_not_wanted(four):
    job = four.master.start(["vrun", "-n", "4", "--forward-signals", "none", *trap("USR1")])
    eventually(lambda: job.out.count("ready") == 4, 60)
    job.send_signal(signal.SIGUSR1)
    assert job.wait() == -signal.SIGUSR1, job.err  # nobody handles it: vrun dies as any program
    assert "got USR1" not in job.out


# -- progress -------------------------------------------------------------------------------------------------


def on_a_terminal(host, command, until, timeout=60):
    """What a terminal shows until `until(text)`; then the command is ended."""
    master, slave = pty.openpty()
    job = host.popen(command, stdin=slave, stdout=slave, stderr=slave, env={"TERM": "xterm"})
    os.close(slave)
    text = b""
    os.set_blocking(master, False)

    def seen():
        nonlocal text
        try:
            text += os.read(master, 65536)
        except BlockingIOError:
            pass
        except OSError:  # the other side is closed
            return True
        return until(text.decode(errors="replace"))
    try:
        eventually(seen, timeout, "the terminal")
    finally:
        job.terminate()
        job.wait()
        os.close(master)
    return text.decode(errors="replace")


def test_progress_names_who_is_waited_for(four):
    command = ["vrun", "--show-progress", "-H", "w1:1,10.77.200.1:1", "-n", "2", "true"]
    text = on_a_terminal(four.master, command, lambda text: "not yet" in text)
    assert "1 of 2 hosts have answered; not yet: 10.77.200.1 (" in text, text


def test_progress_gives_way_to_output(four):
    command = ["vrun", "--show-progress", "-n", "4", "--map-by", "node", "echo", "it runs"]
    text = on_a_terminal(four.master, command, lambda text: text.count("it runs") == 4)
    assert text.index("\r\x1b[K") < text.index("it runs")
    quiet = on_a_terminal(four.master, ["vrun", "-q", *command[1:]],
                          lambda text: text.count("it runs") == 4)
    assert "\x1b" not in quiet and quiet.count("\n") == 4


def test_progress_does_not_go_into_a_pipe(four):
    ended = one_each(four, "--show-progress", "sleep", 2)
    assert ended.code == 0 and ended.err == "" and ended.out == "", ended
