# SPDX-License-Identifier: Apache-2.0
"""Other people's words in our own messages: nothing in them may steer a terminal or forge a line."""

import pytest

from host import PLAIN_USER, eventually
from jobs import PYTHON, vrun

CLEAR = "\x1b[2J\x1b]0;owned\x07"
CONTROLS = {chr(code) for code in (*range(32), 127, *range(0x80, 0xa0))} - {"\n"}


@pytest.fixture(scope="module")
def evil(make_cluster):
    """Two workers, one with a host name that clears the screen of whoever reads it."""
    cluster = make_cluster(2)
    name = f"import socket; socket.sethostname({CLEAR + chr(10) + 'w2'!r})"
    assert cluster.workers[1].run([PYTHON, "-c", name]).code == 0
    cluster.start_vrunds("--slots", "2", "--log-level", "debug")
    return cluster


@pytest.fixture(autouse=True)
def nothing_is_left(evil):
    yield
    evil.assert_clean()
    for host in evil.workers + [evil.master]:
        assert_clean_text(host.vrund.err)


def assert_clean_text(text):
    found = CONTROLS & set(text)
    assert not found, f"{found} in {text!r}"


def assert_told(ended, *words):
    assert ended.code != 0, ended
    assert_clean_text(ended.err)
    assert "\\x1b[2J" in ended.err, ended.err
    for line in ended.err.splitlines():
        assert line.startswith(("vrun: ", "vrund: ", "vrunctl: ")), f"forged: {line!r}"
    for word in words:
        assert word in ended.err, ended.err


@pytest.mark.parametrize("arguments", [
    [CLEAR], ["-n", CLEAR, "true"], [f"--{CLEAR}", "true"], ["--wdir", f"/{CLEAR}", "true"],
    ["-H", CLEAR, "true"], ["-H", f"w1:{CLEAR}", "true"], ["--hostfile", f"/tmp/{CLEAR}", "true"],
    ["--map-by", CLEAR, "true"], ["--socket", f"/tmp/{CLEAR}", "true"], [f"/tmp/{CLEAR}\nvrun: forged"],
], ids=lambda words: (words[0] if words[0][0] == "-" else "program").replace(CLEAR, "option"))
def test_arguments(evil, arguments):
    assert_told(vrun(evil.master, *arguments))


def test_a_hostfile(evil):
    evil.master.path("/tmp/hosts").write_text(f"{CLEAR} slots=2\n")
    ended = vrun(evil.master, "-n", 1, "--hostfile", "/tmp/hosts", "true")
    evil.master.path("/tmp/hosts").unlink()
    assert_told(ended, "/tmp/hosts", "line 1")


def test_arguments_of_the_others(evil):
    for command in (["vrund", "--name", CLEAR], ["vrund", "--key-file", f"/tmp/{CLEAR}"],
                    ["vrund", f"--{CLEAR}"], ["vrund", "--socket", f"/tmp/{CLEAR}/x", "--port", "7200",
                                              "--discovery", CLEAR],
                    ["vrunctl", "hosts", f"--{CLEAR}"], ["vrunctl", "hosts", "--socket", f"/tmp/{CLEAR}"]):
        assert_told(evil.master.run(command, env={"VRUN_KEY_FILE": ""}))


def test_host_names(evil):
    worker = evil.workers[1].address
    ended = vrun(evil.master, "-v", "-n", 2, "-H", f"{worker}:2", "sh", "-c", "exit 3")
    assert_told(ended, "code 3")
    ended = vrun(evil.master, "-n", 99, "-H", f"{worker}:2", "true")
    assert_told(ended)
    for form in ("table", "plain", "openmpi", "mpich", "json"):
        ended = evil.master.run(["vrunctl", "hosts", "--format", form])
        assert_clean_text(ended.out + ended.err)


def test_a_lost_host_s_name(evil):
    worker = evil.workers[1]
    job = evil.master.start(["vrun", "-n", "1", "-H", worker.address, "sleep", "1000"])
    eventually(lambda: any(p.name == "sleep" for p in worker.processes()), 60)
    worker.vrund.send_signal(9)
    assert job.wait(60) == 121
    assert_clean_text(job.err)
    assert "\\x1b[2J" in job.err
    worker.start_vrund("--slots", "2", "--log-level", "debug")


def test_what_a_rank_says_when_it_aborts(evil):
    rank = [PYTHON, "/srv/vrun/helpers/say_and_abort.py"]
    ended = evil.master.run(["vrun", "-n", "1", *rank], user=PLAIN_USER, cwd="/tmp")
    assert_told(ended, "MPI_Abort", "code 3", "text")
    assert "out:\x1b[2J" in ended.out  # output is the rank's own, and never altered
