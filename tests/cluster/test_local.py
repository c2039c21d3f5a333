# SPDX-License-Identifier: Apache-2.0
"""One machine: vrun with no daemon around, with a daemon's socket, and vrund as PID 1."""

import signal

import pytest

from host import PLAIN_UID, PLAIN_USER, eventually
from jobs import HELLO, assert_hello, vrun

IN_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


@pytest.fixture(scope="module")
def host(make_cluster):
    return make_cluster(1).workers[0]


@pytest.fixture(autouse=True)
def nothing_is_left(host):
    yield
    if host.vrund:
        host.vrund.stop()
        host.vrund = None
    host.assert_clean()
    eventually(lambda: host.processes() == [], what="the end of every process")


@pytest.mark.parametrize("user", [None, PLAIN_USER])
def test_with_no_daemon_around(host, user):
    ended = vrun(host, "-n", 4, "--oversubscribe", HELLO, 4, user=user)
    assert_hello(ended, 4, {host.name: 4})
    assert not host.listens_on(7117)


def test_with_no_daemon_around_codes_arrive(host):
    assert vrun(host, "-n", 2, "sh", "-c", "exit 5").code == 5
    assert vrun(host, "-n", 2, "/no/such").code == 127


def test_a_killed_vrun_takes_its_private_daemon_along(host):
    job = host.start(["vrun", "-n", "2", "sh", "-c", "echo ready; exec sleep 1000"])
    eventually(lambda: job.out.count("ready") == 2, 30)
    job.send_signal(signal.SIGKILL)
    job.wait()
    eventually(lambda: host.processes() == [], what="the end of the private daemon")


@pytest.mark.parametrize("user", [None, PLAIN_USER])
def test_a_daemon_s_socket_is_used(host, user):
    host.start_vrund("--slots", "4", user=user)
    ended = vrun(host, "-n", 4, HELLO, 4, user=user)
    assert_hello(ended, 4, {host.name: 4})
    names = [process.name for process in host.processes()]
    assert names.count("vrund") == 1  # and no private one


def test_a_daemon_of_root_runs_jobs_as_their_user(host):
    host.start_vrund("--slots", "4")
    ended = vrun(host, "-n", 2, "sh", "-c", "id -u; id -g; id -G; umask; pwd", user=PLAIN_USER,
                 cwd=f"/srv/{PLAIN_USER}")
    assert ended.code == 0, ended
    assert ended.out.split().count(str(PLAIN_UID)) == 6
    assert ended.out.count(f"/srv/{PLAIN_USER}") == 2
    assert_hello(vrun(host, "-n", 4, HELLO, 4, user=PLAIN_USER), 4, {host.name: 4})


def test_a_daemon_without_a_key_opens_no_port(host):
    host.vrund = host.start(["vrund", "--slots", "2"])
    eventually(lambda: host.listens_on_unix("vrund.sock"), what="vrund")
    assert vrun(host, "-n", 2, HELLO, 2).code == 0
    listening = [row for row in host._proc_net("tcp") if row.split()[3] == "0A"]
    assert all(row.split()[1].startswith("0100007F:") for row in listening), listening
    assert "key" in host.vrund.err


def test_the_daemon_leaves_its_socket_to_nobody(host):
    daemon = host.start_vrund("--slots", "2")
    assert daemon.stop() == 0
    assert not host.listens_on_unix("vrund.sock")
    host.start_vrund("--slots", "2").send_signal(signal.SIGKILL)
    host.vrund.wait()
    host.start_vrund("--slots", "2")  # a stale socket is replaced
    assert vrun(host, "-n", 2, "true").code == 0


# -- the main process of a container -----------------------------------------------------------------------


def start_as_pid_1(host, *arguments):
    """vrund as PID 1 of a PID namespace; the process is `unshare`, which ends as vrund does."""
    return host.start([*IN_PID_NAMESPACE, "vrund", "--slots", "2", *arguments])


def vrund_of(host):
    return next(process for process in host.processes() if process.name == "vrund")


def test_as_pid_1_it_reaps_orphans(host):
    script = "for i in 1 2 3 4 5; do (setsid sh -c 'exit 3' &); done; echo done; exec sleep 1000"
    container = start_as_pid_1(host, "--", "sh", "-c", script)
    container.wait_for("done")
    eventually(lambda: [p for p in host.processes() if p.state == "Z"] == [], what="no zombie")
    container.stop(signal.SIGKILL)


def test_the_end_of_the_main_program_is_the_end_of_the_container(host):
    assert start_as_pid_1(host, "--", "sh", "-c", "exit 6").wait() == 6


def test_term_is_forwarded_to_the_main_program(host):
    script = "trap 'echo got TERM; exit 4' TERM; echo ready; while :; do sleep 1000 & wait; done"
    container = start_as_pid_1(host, "--", "sh", "-c", script)
    container.wait_for("ready")
    vrund = vrund_of(host)
    host.run(["kill", "-TERM", str(vrund.pid)])
    assert container.wait(30) == 4
    assert "got TERM" in container.out


def test_as_pid_1_without_a_program_term_ends_it(host):
    container = start_as_pid_1(host)
    eventually(lambda: host.listens_on_unix("vrund.sock"), what="vrund")
    host.run(["kill", "-TERM", str(vrund_of(host).pid)])
    assert container.wait(30) == 0


def test_term_ends_the_jobs_too(host):
    container = start_as_pid_1(host)
    eventually(lambda: host.listens_on_unix("vrund.sock"), what="vrund")
    job = host.start(["vrun", "-n", "2", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1000; done"])
    eventually(lambda: job.out.count("ready") == 2, 30)
    host.run(["kill", "-TERM", str(vrund_of(host).pid)])
    assert container.wait(30) is not None
    assert job.wait() != 0
