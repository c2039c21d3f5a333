# SPDX-License-Identifier: Apache-2.0
"""Wrong input: a message that names the thing and says what to do, the documented exit code
(docs/exit-codes.md), and nothing left behind."""

import pytest

from host import HOME, PLAIN_USER, eventually
from jobs import HELLO, vrun

USAGE, NODE_LOST, DAEMON_LOST, REFUSED, NOT_EXECUTABLE, NOT_FOUND = 2, 121, 122, 123, 126, 127


@pytest.fixture(autouse=True)
def nothing_is_left(four):
    yield
    four.assert_clean()
    assert_still_works(four)


def assert_still_works(four):
    assert vrun(four.master, "-n", 4, "--map-by", "node", "true").code == 0


def assert_refused(ended, code, *words):
    """Our own message, which has these words; nothing on stdout; no stack of libraries."""
    assert ended.code == code, ended
    assert ended.out == ""
    assert ended.err.startswith(("vrun: ", "vrund: ", "vrunctl: ")) or "vrund" in ended.err, ended.err
    for word in words:
        assert word in ended.err, f"{word!r} is not in {ended.err!r}"
    assert "terminate called" not in ended.err


# -- the program ---------------------------------------------------------------------------------------


def test_a_missing_program(four):
    ended = vrun(four.master, "-n", 4, "no-such-program", "x")
    assert_refused(ended, NOT_FOUND, "no-such-program", "w1")


def test_a_program_that_is_missing_by_path(four):
    assert_refused(vrun(four.master, "-n", 4, "/no/such"), NOT_FOUND, "/no/such")


def test_a_program_that_is_missing_on_one_node(four):
    for worker in four.workers[:-1]:
        worker.path("/tmp/here").write_text("#!/bin/sh\nexit 0\n")
        worker.path("/tmp/here").chmod(0o755)
    ended = vrun(four.master, "-n", 4, "--map-by", "node", "/tmp/here")
    for worker in four.workers[:-1]:
        worker.path("/tmp/here").unlink()
    assert_refused(ended, NOT_FOUND, "/tmp/here", "w4")


def test_a_program_that_is_not_executable(four):
    assert_refused(vrun(four.master, "-n", 2, "/etc/passwd"), NOT_EXECUTABLE, "/etc/passwd")
    assert_refused(vrun(four.master, "-n", 2, "/etc"), NOT_EXECUTABLE, "/etc")


def test_a_bad_working_directory(four):
    ended = vrun(four.master, "-n", 2, "--wdir", "/no/such/dir", "true")
    assert ended.code != 0
    assert_refused(ended, ended.code, "/no/such/dir", "w1")


def test_a_working_directory_that_only_the_caller_has(four):
    four.master.path("/tmp/only-here").mkdir()
    ended = vrun(four.master, "-n", 2, "true", cwd="/tmp/only-here")
    four.master.path("/tmp/only-here").rmdir()
    assert ended.code != 0
    assert_refused(ended, ended.code, "/tmp/only-here", "w1")


# -- the command line ------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, words", [
    (["-n", "0", "true"], ["0"]),
    (["-n", "-3", "true"], ["-3"]),
    (["-n", "x", "true"], ["x"]),
    (["-n", "4x", "true"], ["4x"]),
    (["-n", "99999999999999999999", "true"], ["99999999999999999999"]),
    (["-n"], ["-n"]),
    (["-n", "2"], ["vrun -n 4 ./program"]),
    ([], ["vrun -n 4 ./program"]),
    (["--oversubscibe", "true"], ["--oversubscibe", "--oversubscribe"]),
    (["--hostfil", "x", "true"], ["--hostfil", "--hostfile"]),
    (["--map-by", "moon", "true"], ["moon", "slot", "node"]),
    (["--hostfile", "/no/such/file", "true"], ["/no/such/file"]),
    (["-H", "w1:x", "true"], ["w1:x"]),
], ids=lambda value: "_".join(value)[:40] or "nothing")
def test_a_bad_command_line(four, arguments, words):
    assert_refused(vrun(four.master, *arguments), USAGE, *words)


def test_a_bad_hostfile_line(four):
    four.master.path("/tmp/hosts").write_text("w1 slots=2\nw2 slots=many\n")
    ended = vrun(four.master, "-n", 2, "--hostfile", "/tmp/hosts", "true")
    four.master.path("/tmp/hosts").unlink()
    assert_refused(ended, USAGE, "/tmp/hosts", "line 2", "many")


def test_too_few_slots_says_how_many_there_are(four):
    ended = vrun(four.master, "-n", 21, "true")
    assert_refused(ended, 120, "21", "20", "--oversubscribe")


# -- hosts -------------------------------------------------------------------------------------------------


def test_a_name_that_does_not_resolve(four):
    ended = vrun(four.master, "-n", 2, "-H", "no-such-host:2", "true")
    assert ended.code in (USAGE, NODE_LOST), ended
    assert_refused(ended, ended.code, "no-such-host")


def test_a_host_without_a_daemon(four):
    joined = four.add_host()
    ended = vrun(four.master, "-n", 2, "-H", f"{joined.name}:2", "true")
    four.remove_host(joined)
    assert_refused(ended, NODE_LOST, joined.name, "vrund")


def test_a_service_name_that_does_not_resolve(make_cluster):
    cluster = make_cluster(0)
    cluster.master.start_vrund("--discovery", "dns:tasks.wrong", "--slots", "2")
    ended = vrun(cluster.master, "-n", 4, "true")
    assert ended.code != 0
    assert_refused(ended, ended.code, "tasks.wrong")
    cluster.master.assert_clean()


def test_a_service_whose_hosts_have_no_daemon(make_cluster):
    cluster = make_cluster(2)
    cluster.master.start_vrund("--slots", "2")
    ended = vrun(cluster.master, "-n", 8, "true")
    assert ended.code != 0
    assert_refused(ended, ended.code, cluster.workers[0].address)
    cluster.master.assert_clean()


def test_a_host_with_another_key(four):
    joined = four.add_host()
    other = four.master.run(["vrunctl", "keygen"]).out
    joined.path("/tmp/key").touch(0o600)
    joined.path("/tmp/key").write_text(other)
    joined.start_vrund("--slots", "2", "--key-file", "/tmp/key")
    ended = vrun(four.master, "-n", 2, "-H", f"{joined.name}:2", "true")
    four.remove_host(joined)
    assert_refused(ended, REFUSED, joined.name, "key")


def test_a_host_with_another_version(four):
    joined = four.add_host()
    joined.start(["vrun-other-version", f"{HOME}/key", "7117"])
    eventually(lambda: joined.listens_on(7117))
    ended = vrun(four.master, "-n", 2, "-H", f"{joined.name}:2", "true")
    four.remove_host(joined)
    assert_refused(ended, REFUSED, joined.name, "99")


def test_a_daemon_of_another_version(four):
    lone = four.workers[0]
    socket = "/run/future/vrund.sock"
    future = lone.start(["/usr/bin/python3", "/srv/vrun/helpers/other_version.py", socket])
    eventually(lambda: lone.path(socket).exists())
    ended = vrun(lone, "-n", 1, "true", env={"VRUN_SOCKET": socket})
    future.stop()
    assert_refused(ended, REFUSED, "99")


def test_no_daemon_at_the_socket_that_was_named(four):
    ended = vrun(four.master, "-n", 1, "true", env={"VRUN_SOCKET": "/run/none.sock"})
    assert_refused(ended, DAEMON_LOST, "/run/none.sock")


# -- the daemon ------------------------------------------------------------------------------------------


def start_daemon(host, *arguments, **options):
    """Another daemon beside the host's own: its port and socket are free."""
    environment = {"VRUN_PORT": "7200", "VRUN_SOCKET": "/tmp/other/vrund.sock"}
    return host.run(["vrund", *arguments], env=environment, **options)


@pytest.mark.parametrize("mode, owner, words", [
    (0o444, 0, ["others can read", "0400"]),
    (0o400, 4242, ["root", "chown"]),
    (0o000, 4242, ["root", "chown"]),
])
def test_a_key_that_is_not_root_s_alone(four, mode, owner, words):
    import os
    path = four.master.path("/tmp/key")
    path.write_text(four.key)
    path.chmod(mode)
    os.chown(path, owner, owner)
    ended = start_daemon(four.master, "--key-file", "/tmp/key")
    path.unlink()
    assert ended.code != 0
    assert_refused(ended, ended.code, "/tmp/key", *words)


def test_a_key_that_a_user_cannot_read(four):
    ended = start_daemon(four.master, "--key-file", f"{HOME}/key", user=PLAIN_USER)
    assert ended.code != 0
    assert_refused(ended, ended.code, f"{HOME}/key")


@pytest.mark.parametrize("text, word", [("", "keygen"), ("abc\n", "keygen"), ("# none\n", "keygen")])
def test_a_key_file_without_a_key(four, text, word):
    path = four.master.path("/tmp/key")
    path.touch(0o600)
    path.write_text(text)
    ended = start_daemon(four.master, "--key-file", "/tmp/key")
    path.unlink()
    assert ended.code != 0
    assert_refused(ended, ended.code, "/tmp/key", word)


def test_a_key_file_that_is_missing(four):
    ended = start_daemon(four.master, "--key-file", "/no/key")
    assert ended.code != 0
    assert_refused(ended, ended.code, "/no/key")


def test_a_port_in_use(four):
    ended = four.master.run(["vrund", "--socket", "/tmp/other/vrund.sock",
                             "--key-file", f"{HOME}/key"])
    assert ended.code != 0
    assert_refused(ended, ended.code, "7117", "--port")


def test_a_second_daemon_at_one_socket(four):
    ended = four.master.run(["vrund", "--port", "7200", "--key-file", f"{HOME}/key"])
    assert ended.code != 0
    assert_refused(ended, ended.code, "/run/vrun/vrund.sock")


@pytest.mark.parametrize("arguments, words", [
    (["--port", "x"], ["--port", "x"]),
    (["--slots", "-1"], ["--slots"]),
    (["--discovery", "tasks.worker"], ["tasks.worker", "dns:"]),
    (["--no-such"], ["--no-such"]),
], ids=lambda value: "_".join(value))
def test_a_bad_setting_of_the_daemon(four, arguments, words):
    assert_refused(start_daemon(four.master, *arguments), USAGE, *words)


def test_after_all_that_mpi_still_works(four):
    assert vrun(four.master, "-n", 4, HELLO, 4).code == 0
