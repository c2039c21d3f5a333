# SPDX-License-Identifier: Apache-2.0
"""docs/exit-codes.md, row by row: a row without a test fails, and so does a test without a row."""

import contextlib
import os
import re
import signal
from pathlib import Path

import pytest

from faults import kill, named
from host import HOME, PLAIN_USER, eventually
from jobs import PYTHON, vrun

ABORT = "/srv/vrun/examples/%s/abort" % ("mpich" if os.environ.get("VRUN_WITHOUT_PMIX") else "openmpi")
UNFINISHED = "from mpi4py import MPI; import os; os._exit(0)"
TABLE = Path(__file__).resolve().parents[2] / "docs/exit-codes.md"


def rows():
    """[(code, cause)] of the table, the separator and the titles left out."""
    found = re.findall(r"^\| (.+?) \| (.+?) \|$", TABLE.read_text(), re.MULTILINE)
    return [row for row in found if row[0] not in ("code", "---")]


cases = {}  # by the first words of a cause


def cause(words):
    def keep(function):
        assert words not in cases, words
        cases[words] = function
        return function
    return keep


def case_of(text):
    return [function for words, function in cases.items() if text.startswith(words)]


@pytest.mark.parametrize("code, text", rows(), ids=lambda value: value[:40])
def test_the_row(four, code, text):
    found = case_of(text)
    assert len(found) == 1, f"so many tests are of '{text}': {len(found)}"
    told = found[0](four)
    assert told in codes_of(code), f"{text}: {told} is not {code}"
    four.assert_clean()


def codes_of(code):
    """The codes that a cell allows: 7, 1–255, 128 + N."""
    if "N" in code:
        return range(129, 128 + signal.NSIG)
    first, _, last = code.partition("–")
    return range(int(first), int(last or first) + 1)


def test_every_test_is_of_a_row():
    texts = [text for _, text in rows()]
    assert [words for words in cases if not any(text.startswith(words) for text in texts)] == []


def test_the_document_is_read_right():
    assert len(rows()) >= 30 and ("0", "every rank returned 0") in rows()


def code_of(four, *arguments, **options):
    return vrun(four.master, *arguments, **options).code


def exactly(code, wanted):
    assert code == wanted
    return code


def on_rank_1(script, others="exec sleep 1000"):
    return ["-n", 4, "--map-by", "node", "sh", "-c", f"[ $VRUN_RANK = 1 ] || {others}; {script}"]


# -- what ranks do -------------------------------------------------------------------------------------


@cause("every rank returned 0")
def _(four):
    return code_of(four, "-n", 4, "--map-by", "node", "true")


@cause("a rank returned that code")
def _(four):
    exactly(code_of(four, *on_rank_1("exit 255")), 255)
    return exactly(code_of(four, *on_rank_1("exit 3")), 3)


@cause("MPI_Abort with that code")
def _(four):
    exactly(code_of(four, "-n", 4, ABORT, 2, 256), 1)
    return exactly(code_of(four, "-n", 4, ABORT, 2, 7), 7)


@cause("a rank returned 0 between MPI_Init and MPI_Finalize")
def _(four):
    if os.environ.get("VRUN_WITHOUT_PMIX"):
        pytest.skip("mpi4py is Open MPI's, and the build under test has MPICH only")
    return code_of(four, "-n", 2, PYTHON, "-c", UNFINISHED)


@cause("a rank was killed by signal N")
def _(four):
    return exactly(code_of(four, *on_rank_1("kill -SEGV $$")), 128 + signal.SIGSEGV)


@cause("vrun was told to end by signal N")
def _(four):
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        job = four.master.start(["vrun", "-n", "4", "sh", "-c", "echo ready; exec sleep 1000"])
        eventually(lambda: job.out.count("ready") == 4 or job.poll() is not None, 60, "four ranks")
        job.send_signal(number)
        exactly(job.wait(), 128 + number)
    return 128 + number


EXIT_4, KILLED = (on_rank_1(script, "exit 0") for script in ("exit 4", "kill -9 $$"))


@cause("ranks failed, with `--enable-recovery` or `--continuous`")
def _(four):
    return max(code_of(four, option, *job) for option in ("--enable-recovery", "--continuous")
               for job in (EXIT_4, KILLED))


@cause("ranks failed, with `-disable-auto-cleanup`")
def _(four):
    exactly(code_of(four, "-disable-auto-cleanup", *KILLED), 137)
    return exactly(code_of(four, "-disable-auto-cleanup", *EXIT_4), 4)


@cause("ranks failed, with `--runtime-options recoverable`")
def _(four):
    exactly(code_of(four, "--runtime-options", "recoverable", *KILLED), 0)
    return exactly(code_of(four, "--runtime-options", "continuous", *EXIT_4), 4)


@cause("a rank returned another code than 0, with `--runtime-options error-nonzero-status=0`")
def _(four):
    return code_of(four, "--runtime-options", "error-nonzero-status=0", *EXIT_4)


# -- what is asked for ------------------------------------------------------------------------------------


@cause("the command line is wrong")
def _(four):
    return code_of(four, "--no-such-option", "true")


@cause("a hostfile is wrong")
def _(four):
    path = four.master.path("/tmp/hosts")
    path.write_text("w1 slots=many\n")
    try:
        return code_of(four, "--hostfile", "/tmp/hosts", "true")
    finally:
        path.unlink()


@cause("standard output, or standard error, could not be written")
def _(four):
    exactly(four.master.run(["sh", "-c", "exec vrun -n 2 sh -c 'echo lost >&2' 2> /dev/full"]).code, 74)
    return four.master.run(["sh", "-c", "exec vrun -n 2 echo lost > /dev/full"]).code


@cause("a file of an option")
def _(four):
    exactly(code_of(four, "--output-filename", "/proc/none", "-n", 1, "echo", "lost"), 74)
    return code_of(four, "--report-pid", "/proc/none", "-n", 1, "true")


@cause("the time of `--timeout` or MPIEXEC_TIMEOUT is over")
def _(four):
    exactly(code_of(four, "-n", 2, "sleep", 1000, env={"MPIEXEC_TIMEOUT": "1"}), 110)
    return code_of(four, "--timeout", 1, "-n", 2, "sleep", 1000)


@cause("the time of `--spawn-timeout` was over")
def _(four):
    """A host that does not exist answers nothing, and vrun waits for it."""
    return code_of(four, "--spawn-timeout", 1, "-H", "10.77.200.1:1", "true")


@cause("too few slots")
def _(four):
    return code_of(four, "-n", 1000, "true")


@cause("the time of `--wait` is over")
def _(four):
    return code_of(four, "--wait", "1s", "-n", 1000, "true")


# -- what fails around the ranks ------------------------------------------------------------------------------


@cause("a node was lost")
def _(four):
    worker = four.workers[1]
    job = four.master.start(["vrun", "-n", "4", "--map-by", "node", "sh", "-c",
                             "echo ready; exec sleep 1000"])
    eventually(lambda: job.out.count("ready") == 4 or job.poll() is not None, 60, "four ranks")
    for shepherd in named(worker, "vrun-shepherd"):
        kill(worker, shepherd)
    return job.wait()


@cause("a host could not be reached")
def _(four):
    return code_of(four, "-H", "no-such-host:1", "true")


@cause("a node has no process, file descriptor or room left")
def _(four):
    worker = four.workers[2]
    for shepherd in named(worker, "vrun-shepherd"):  # the next job needs a new one
        kill(worker, shepherd)
    eventually(lambda: not named(worker, "vrun-shepherd"), 60, "no shepherd")
    used = worker.run(["df", "--output=iused", "/tmp"]).out.split()[1]
    worker.run(["mount", "-o", f"remount,nr_inodes={used}", "/tmp"])
    try:
        return code_of(four, "-n", 4, "--map-by", "node", "true")
    finally:
        worker.run(["mount", "-o", "remount,nr_inodes=100000", "/tmp"])


@contextlib.contextmanager
def lone_daemon(host, *prefix):
    """A daemon of its own beside the host's, on a socket of its own, without a network."""
    socket = "/tmp/lone/vrund.sock"
    daemon = host.start([*prefix, "vrund", "--socket", socket, "--port", "7300"],
                        env={"VRUN_KEY_FILE": "", "VRUN_DISCOVERY": ""})
    eventually(lambda: host.path(socket).exists() or daemon.poll() is not None, 60, "a daemon")
    try:
        yield daemon, {"VRUN_SOCKET": socket}
    finally:
        daemon.stop()
        host.run(["rm", "-rf", "/tmp/lone"])


@cause("the daemon or the controller was lost")
def _(four):
    host = four.workers[0]
    with lone_daemon(host) as (daemon, environment):
        job = host.start(["vrun", "-n", "1", "sh", "-c", "echo ready; exec sleep 1000"],
                         env=environment)
        eventually(lambda: "ready" in job.out or job.poll() is not None, 60, "a rank")
        daemon.send_signal(signal.SIGKILL)
        return job.wait()


@cause("no daemon at the socket that was named, or somebody else's")
def _(four):
    return code_of(four, "true", env={"VRUN_SOCKET": "/run/none.sock"})


@cause("too few file descriptors for vrun itself")
def _(four):
    return four.master.run(["prlimit", "--nofile=6:6", "vrun", "-n", "1", "true"]).code


@contextlib.contextmanager
def joined_host(four):
    host = four.add_host()
    try:
        yield host
    finally:
        four.remove_host(host)


@cause("a daemon has another key")
def _(four):
    with joined_host(four) as host:
        host.run(["sh", "-c", "umask 077; vrunctl keygen > /tmp/key"])
        host.start_vrund("--slots", "2", "--key-file", "/tmp/key")
        return code_of(four, "-n", 2, "-H", f"{host.name}:2", "true")


@cause("a daemon has another version")
def _(four):
    with joined_host(four) as host:
        host.start(["vrun-other-version", f"{HOME}/key", "7117"])
        eventually(lambda: host.listens_on(7117))
        return code_of(four, "-n", 2, "-H", f"{host.name}:2", "true")


@cause("a daemon may not run ranks as this user")
def _(four):
    host = four.workers[0]
    with lone_daemon(host, "setpriv", "--bounding-set", "-setuid,-setgid") as (_, environment):
        return vrun(host, "-n", 1, "true", user=PLAIN_USER, cwd="/tmp", env=environment).code


@cause("a file of `--preload-binary` or `--preload-files`")
def _(four):
    return code_of(four, "--preload-files", "/no/such/file", "-n", 2, "true")


# -- what cannot be started -------------------------------------------------------------------------------------


@cause("the program was found and could not be executed")
def _(four):
    return code_of(four, "-n", 2, "/etc/passwd")


@cause("the working directory could not be entered")
def _(four):
    return code_of(four, "-n", 2, "--wdir", "/no/such/dir", "true")


@cause("the program was not found")
def _(four):
    return code_of(four, "-n", 2, "/no/such/program")


@cause("the reader of standard output is gone")
def _(four):
    return four.master.run(["bash", "-c", "vrun -n 4 yes | head -1; exit ${PIPESTATUS[0]}"]).code
