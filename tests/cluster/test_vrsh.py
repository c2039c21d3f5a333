# SPDX-License-Identifier: Apache-2.0
"""vrsh runs commands on other hosts as ssh would (docs/vrsh.md)."""

import hashlib
import os
import signal

import pytest

from host import PLAIN_UID, PLAIN_USER, eventually

HOME = f"/srv/{PLAIN_USER}"
LEASE = 10
STAYS = "setsid sleep 1000 > /dev/null 2>&1 < /dev/null &"  # as a daemon does


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "1", "--lease", str(LEASE))
    return cluster


def vrsh(host, *words, **options):
    return host.run(["vrsh", *words], **{"user": PLAIN_USER} | options)


def sleepers(host):
    return [process for process in host.processes() if process.name == "sleep"]


def shells(host):
    return [process for process in host.processes() if process.name == "vrsh"]


def clear(cluster):
    for host in [cluster.master, *cluster.workers]:
        host.kill(sleepers(host) + shells(host))


@pytest.fixture(autouse=True)
def nothing_stays(cluster):
    yield
    clear(cluster)  # of a test that failed


def test_a_command_runs_on_that_host_as_its_caller(cluster):
    first, second = cluster.workers
    for caller, host in ((cluster.master, first), (cluster.master, second), (first, second),
                         (first, first)):
        ended = vrsh(caller, "-x", "-q", "-o", "BatchMode=yes", "-p", "22", host.address,
                     "hostname; id -un; pwd; umask")
        assert ended == (0, f"{host.name}\n{PLAIN_USER}\n{HOME}\n0022\n", ""), caller.name
    assert vrsh(cluster.master, "w1", "id -u", user=None).out == "0\n"
    assert vrsh(cluster.master, f"{PLAIN_USER}@w1", "id -un").out == f"{PLAIN_USER}\n"


def test_umask_and_soft_limits_are_the_callers(cluster):
    line = "umask 027; ulimit -Sn 777; ulimit -Sc 0; exec vrsh w1 'umask; ulimit -Sn; ulimit -Sc'"
    ended = cluster.master.run(["sh", "-c", line], user=PLAIN_USER)
    assert ended == (0, "0027\n777\n0\n", "")


# What ssh does: the words with a space between, read by a shell.
@pytest.mark.parametrize("words, out", [
    (["printf", "'<%s>'", "'a b'"], "<a b>"),
    (["printf '<%s>' 'a b' c"], "<a b><c>"),
    (["printf", "'<%s>'", "a b"], "<a><b>"),
    (["printf", "'<%s>'", "''", "x"], "<><x>"),
    (["printf", "'<%s>'", "", "x"], "<x>"),
    (["printf", "'<%s>'", '"$HOME"', "'$HOME'"], f"<{HOME}><$HOME>"),
    (["cd", "/srv/vrun/examples/openmpi;", "printf", "'<%s>'", "hell*", "'hell*'"],
     "<hello><hell*>"),
    (["printf '<%s>' a\nprintf '<%s>' b"], "<a><b>"),
    (["printf", "'<%s>'", "'a\nb'", r"c\ d", "-n", "--"], "<a\nb><c d><-n><-->"),
    (["printf", "'<%s>'", '"it\'s"', "`echo x`", "$((1+1))", "é\t"], "<it's><x><2><é>"),
])
def test_quoting(cluster, words, out):
    ended = vrsh(cluster.master, "w1", *words)
    assert ended == (0, out, "")
    assert ended.out == cluster.master.run(["sh", "-c", " ".join(words)], user=PLAIN_USER).out


@pytest.mark.parametrize("command, code", [
    ("true", 0), ("exit 3", 3), ("exit 255", 255), ("kill -KILL $$", 137), ("kill -TERM $$", 143),
    ("/no/such/program", 127), (f"{STAYS} exit 4", 4)])
def test_exit_codes(cluster, command, code):
    assert vrsh(cluster.master, "w1", command).code == code
    clear(cluster)
    cluster.assert_clean()


@pytest.mark.parametrize("words, sentence", [
    (["nowhere", "true"], "nowhere: no such name"),
    (["10.77.9.9", "true"], "10.77.9.9"),
    (["-l", "nobody", "w1", "true"], f"user nobody: commands run as who calls vrsh, which is {PLAIN_USER}"),
    (["root@w1", "true"], "user root"),
    (["-L", "1:w1:2", "w1"], "this needs ssh"),
    (["--colour", "w1"], "there is no such option"),
    ([], "no host given")])
def test_its_own_failures(cluster, words, sentence):
    ended = vrsh(cluster.master, *words)
    assert ended.code == 255 and sentence in ended.err and not ended.out, ended


def test_without_a_daemon(cluster):
    ended = vrsh(cluster.master, "w1", "true", env={"VRUN_SOCKET": "/tmp/none.sock"})
    assert ended.code == 255 and "/tmp/none.sock" in ended.err, ended


def test_input_and_output_are_carried_as_they_are(cluster):
    blob = os.urandom(3_000_000) + b"\n\0\r\nno line end"
    digest = hashlib.sha256(blob).hexdigest()
    cluster.master.path(f"{HOME}/blob").write_bytes(blob)
    assert vrsh(cluster.master, "w1", "sha256sum", stdin=blob).out.split()[0] == digest
    ended = cluster.master.run(["sh", "-c", "vrsh w1 cat < blob | sha256sum"], user=PLAIN_USER,
                               cwd=HOME)
    assert ended.out.split()[0] == digest, ended
    assert vrsh(cluster.master, "w1", "cat; echo end", stdin="").out == "end\n"
    assert vrsh(cluster.master, "-n", "w1", "cat; echo end", stdin="more").out == "end\n"
    assert vrsh(cluster.master, "w1", "echo out; echo err >&2; printf tail") == (
        0, "out\ntail", "err\n")
    assert vrsh(cluster.master, "w1", stdin="echo $0\nexit 6\n") == (6, "-sh\n", "")


def test_nobody_has_to_read_the_input(cluster):
    ended = vrsh(cluster.master, "w1", "exit 2", stdin=b"x" * 1_000_000)
    assert ended == (2, "", "")


@pytest.mark.parametrize("closed, out, err", [
    (">&-", "", "err\n"), ("2>&-", "out\n", ""), ("<&- >&- 2>&-", "", ""),
    ("<&-", "out\n", "err\n")])
def test_who_hears_nothing_lets_the_command_run(cluster, closed, out, err):
    line = f"exec vrsh w1 'echo out; echo err >&2; cat; touch {HOME}/ran; exit 3' {closed}"
    assert cluster.master.run(["sh", "-c", line], user=PLAIN_USER) == (3, out, err)
    cluster.workers[0].path(f"{HOME}/ran").unlink()


def variables(text):
    return dict(line.split("=", 1) for line in text.splitlines())


def test_the_environment_is_fresh(cluster):
    mine = {"FOO": "1", "OMPI_COMM_WORLD_RANK": "0", "PMIX_RANK": "0", "PMI_FD": "3",
            "TMPDIR": "/tmp/mine"}
    found = variables(vrsh(cluster.master, "w1", "env", env=mine).out)
    assert not set(mine) & set(found)
    assert {name: found.get(name) for name in ("HOME", "USER", "LOGNAME", "SHELL")} == {
        "HOME": HOME, "USER": PLAIN_USER, "LOGNAME": PLAIN_USER, "SHELL": "/bin/sh"}
    assert found["OMPI_MCA_btl_tcp_if_include"] == "10.77.0.0/16"
    assert found["UCX_NET_DEVICES"] == found["HYDRA_IFACE"] == "eth0"
    of_a_rank = cluster.master.run(["vrun", "-n", "1", "vrsh", "w2", "env"], user=PLAIN_USER)
    strange = [name for name in variables(of_a_rank.out)
               if name.startswith(("OMPI_COMM", "OMPI_MCA_ess", "OMPI_MCA_orte", "PMI", "VRUN_RANK"))]
    assert of_a_rank.code == 0 and not strange, of_a_rank


def test_bash_reads_its_startup_file_as_with_ssh(cluster):
    host = cluster.workers[1]
    passwd, startup = host.path("/etc/passwd"), host.path(f"{HOME}/.bashrc")
    before = passwd.read_text()
    entry = f"{PLAIN_USER}:x:{PLAIN_UID}:{PLAIN_UID}::{HOME}:"
    passwd.write_text(before.replace(f"{entry}/bin/sh", f"{entry}/bin/bash"))
    startup.write_text("export PATH=/opt/ompi/bin:$PATH\ntimes=$((times + 1))\n")
    try:
        ended = vrsh(cluster.master, "w2", "echo $0 ${PATH%%:*} $times")
        assert ended == (0, "bash /opt/ompi/bin 1\n", "")
        assert vrsh(host, "w2", "bash -c 'echo $times'; true").out == "\n"  # not again below it
    finally:
        passwd.write_text(before)
        startup.unlink()


def test_other_users_are_refused(cluster):
    """A daemon that is not root's serves its own user, and says so to others."""
    stranger = cluster.add_stranger("own", 77)
    stranger.start_vrund("--socket", "/tmp/own.sock", user=PLAIN_USER, wait=False)
    eventually(lambda: stranger.listens_on_unix("own.sock") and stranger.listens_on(7117), 60)
    stranger.path("/tmp/own.sock").chmod(0o777)
    options = {"env": {"VRUN_SOCKET": "/tmp/own.sock"}}
    assert vrsh(stranger, "own", "id -un", **options) == (0, f"{PLAIN_USER}\n", "")
    ended = vrsh(stranger, "own", "id -un", user="nobody", **options)
    assert ended.code == 255 and not ended.out, ended
    assert "/tmp/own.sock" in ended.err or "user" in ended.err, ended
    stranger.vrund.stop()


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130),
                                          (signal.SIGHUP, 129)])
def test_a_signal_ends_the_command_and_all_below_it(cluster, number, code):
    line = f"{STAYS} trap 'echo told; exit 5' TERM; echo up; while :; do sleep 1000; done"
    shell = cluster.master.start(["vrsh", "w1", line], user=PLAIN_USER)
    shell.wait_for("up")
    assert shell.stop(number, timeout=60) == code
    assert shell.out == "up\ntold\n", shell.err
    cluster.assert_clean()


def test_nothing_outlives_a_killed_vrsh(cluster):
    shell = cluster.master.start(["vrsh", "w2", f"{STAYS} {STAYS} sleep 1000"], user=PLAIN_USER)
    eventually(lambda: len(sleepers(cluster.workers[1])) == 3, 60)
    shell.send_signal(signal.SIGKILL)
    cluster.assert_clean()


def leave_one(cluster, host):
    """A process of a command that is over; vrsh has returned, with all its pipes closed."""
    ended = vrsh(cluster.master, host.name, f"{STAYS} echo left")
    assert ended == (0, "left\n", "")
    eventually(lambda: len(sleepers(host)) == len(shells(cluster.master)) == 1, 60)


def test_what_a_command_leaves_lives_on(cluster):
    host = cluster.workers[0]
    leave_one(cluster, host)
    assert vrsh(cluster.master, "w1", "true").code == 0  # beside it
    assert len(sleepers(host)) == 1
    host.kill(sleepers(host))
    cluster.assert_clean()


def test_what_a_command_left_ends_with_its_vrsh(cluster):
    leave_one(cluster, cluster.workers[0])
    cluster.master.kill(shells(cluster.master))
    cluster.assert_clean()


def test_what_a_command_left_ends_with_the_callers_daemon(cluster):
    leave_one(cluster, cluster.workers[0])
    cluster.master.vrund.send_signal(signal.SIGKILL)
    cluster.master.vrund.wait()
    for host in cluster.workers + [cluster.master]:
        eventually(lambda: not sleepers(host) and not shells(host), 60)
    cluster.start_vrunds("--slots", "1", "--lease", str(LEASE), hosts=[cluster.master])
    cluster.assert_clean()


def test_a_lost_host_is_named(cluster):
    shell = cluster.master.start(["vrsh", "w2", "echo up; sleep 1000"], user=PLAIN_USER)
    shell.wait_for("up")
    cluster.workers[1].vrund.send_signal(signal.SIGKILL)
    assert shell.wait(120) == 255
    assert "w2 is lost" in shell.err, shell.err
    cluster.start_vrunds("--slots", "1", "--lease", str(LEASE), hosts=[cluster.workers[1]])
    cluster.assert_clean()
