# SPDX-License-Identifier: Apache-2.0
"""Whose ranks run as whom, and who may command which job."""

import re
import resource
import signal

import pytest

from host import HOME, PLAIN_UID, PLAIN_USER, eventually
from jobs import HELLO, assert_hello, vrun

SOCKET = "/run/vrun/vrund.sock"
OTHER_USER = "nobody"
REFUSED = 123
AS_ALICE_WITH_GROUPS = ["setpriv", "--reuid", str(PLAIN_UID), "--regid", str(PLAIN_UID),
                        "--groups", "4,27,5000", "--inh-caps=-all"]
WHO = ("echo uid $(id -ru) $(id -u) gid $(id -rg) $(id -g) groups $(id -G) umask $(umask)"
       " files $(ulimit -Sn) core $(ulimit -Sc) caps $(grep CapEff /proc/self/status)")


@pytest.fixture(scope="module")
def pair(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "2")
    return cluster


@pytest.fixture(autouse=True)
def nothing_is_left(pair):
    yield
    pair.assert_clean()


def as_alice(host, *words, before="", **options):
    """A command of alice with groups of hers, after the shell's own `before`."""
    script = f'{before}\nexec "$@"'
    return host.run([*AS_ALICE_WITH_GROUPS, "sh", "-c", script, "sh", *map(str, words)],
                    env={"HOME": "/srv/alice", "USER": PLAIN_USER}, cwd="/srv/alice", **options)


# -- as whom -------------------------------------------------------------------------------------------------


def test_ranks_are_the_caller_here_and_elsewhere(pair):
    before = "umask 027; ulimit -Sn 777; ulimit -Sc 0"
    ended = as_alice(pair.master, "vrun", "-n", 2, "--map-by", "node", "sh", "-c", WHO, before=before)
    assert ended.code == 0, ended
    lines = ended.out.splitlines()
    assert len(lines) == 2
    for line in lines:  # two nodes, neither of which has vrun
        assert line.startswith(f"uid {PLAIN_UID} {PLAIN_UID} gid {PLAIN_UID} {PLAIN_UID} ")
        assert set(re.search(r"groups ([\d ]+) umask", line)[1].split()) == {"4242", "4", "27", "5000"}
        assert "umask 0027 files 777 core 0 " in line
        assert line.endswith("CapEff: 0000000000000000"), line


def test_root_stays_root_and_a_job_of_root_is_not_alice_s(pair):
    for user, uid in ((None, 0), (PLAIN_USER, PLAIN_UID), (None, 0), (OTHER_USER, 65534)):
        ended = vrun(pair.master, "-n", 2, "--map-by", "node", "id", "-u", user=user, cwd="/tmp")
        assert ended.code == 0, ended
        assert ended.out.split() == [str(uid)] * 2


def test_hard_limits_are_never_raised(pair):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    ended = vrun(pair.master, "-n", 1, "sh", "-c", "ulimit -Hn", user=PLAIN_USER, cwd="/tmp")
    assert ended.code == 0, ended
    assert int(ended.out) <= hard


def test_an_uncallable_group_list_is_not_another_s_shepherd(pair):
    """A shepherd that lingers serves its own identity only, groups included."""
    groups = "groups $(id -G)"
    assert vrun(pair.master, "-n", 1, "sh", "-c", f"echo {groups}", user=PLAIN_USER, cwd="/tmp").out \
        == f"groups {PLAIN_UID}\n"
    assert "5000" in as_alice(pair.master, "vrun", "-n", 1, "sh", "-c", f"echo {groups}").out
    assert vrun(pair.master, "-n", 1, "sh", "-c", f"echo {groups}", user=PLAIN_USER, cwd="/tmp").out \
        == f"groups {PLAIN_UID}\n"


def test_a_rank_cannot_type_at_the_daemon_s_terminal(pair):
    """Its session is another than the daemon's, so the terminal of root's shell is not its own."""
    ended = vrun(pair.workers[0], "-n", 1, "-H", "w1", "ps", "-o", "sess=", "-p",
                 "1", user=PLAIN_USER, cwd="/tmp")
    script = "cut -d ' ' -f 6 /proc/self/stat"
    ended = vrun(pair.workers[0], "-n", 1, "-H", "w1", "sh", "-c", script, user=PLAIN_USER, cwd="/tmp")
    vrund = next(p for p in pair.workers[0].processes() if p.name == "vrund")
    session = pair.workers[0].path(f"/proc/{vrund.pid}/stat").read_text().split()[5]
    assert ended.code == 0 and ended.out.split() != [session], ended


@pytest.mark.parametrize("outcome", ["error=EPERM", "retval=0"], ids=["fails", "lies"])
@pytest.mark.parametrize("call", ["setgroups", "setresgid", "setresuid"])
def test_who_cannot_become_the_caller_runs_nothing(make_cluster, call, outcome):
    """A kernel (or a seccomp filter) that refuses, or that says yes and does nothing."""
    host = make_cluster(1).workers[0]
    host.vrund = host.start(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                             "-e", f"inject={call}:{outcome}", "vrund", "--slots", "2"])
    eventually(lambda: host.listens_on_unix("vrund.sock"), 60, "vrund")
    ended = as_alice(host, "vrun", "-n", 2, "sh", "-c", "touch /tmp/ran; id -u; id -G")
    assert ended.code == REFUSED, ended
    assert ended.out == ""
    assert f"becoming uid {PLAIN_UID}" in ended.err
    assert not host.path("/tmp/ran").exists()
    vrund = next(p for p in host.processes() if p.name == "vrund")
    host.run(["kill", str(vrund.pid)])
    host.vrund.wait()


# -- a daemon that is not root's -----------------------------------------------------------------------------


def test_a_plain_user_s_daemon_runs_everything_as_that_user(make_cluster):
    cluster = make_cluster(1)
    worker = cluster.workers[0]
    worker.start_vrund("--slots", "2", user=PLAIN_USER)
    cluster.master.start_vrund("--slots", "2")
    ended = vrun(cluster.master, "-n", 2, "-H", "w1:2", "id", "-u", cwd="/tmp")
    assert ended.code == 0, ended
    assert ended.out.split() == [str(PLAIN_UID)] * 2
    socket = {"VRUN_SOCKET": f"/tmp/vrun-{PLAIN_UID}/vrund.sock"}
    ended = vrun(worker, "-n", 1, "id", "-u", user=OTHER_USER, env=socket, cwd="/tmp")
    assert ended.code == REFUSED or "belongs to uid" in ended.err, ended
    assert str(PLAIN_UID) in ended.err and ended.out == ""
    ended = outcomes(worker, f"/tmp/vrun-{PLAIN_UID}/vrund.sock", "then:SubmitJob", user=OTHER_USER)
    assert "open" not in ended.values()
    assert_hello(vrun(worker, "-n", 2, HELLO, 2, user=PLAIN_USER, env=socket), 2, {"w1": 2})


def test_a_socket_of_somebody_else_is_not_trusted(pair):
    """In /tmp anybody may listen first."""
    worker = pair.workers[0]
    listener = worker.start(["/usr/bin/python3", "/srv/vrun/helpers/other_version.py",
                             "/tmp/vrun-x/vrund.sock"], user=OTHER_USER)
    eventually(lambda: worker.listens_on_unix("vrund.sock") and worker.path("/tmp/vrun-x/vrund.sock").exists())
    worker.run(["chmod", "0777", "/tmp/vrun-x/vrund.sock"])
    ended = vrun(worker, "-n", 1, "true", user=PLAIN_USER, cwd="/tmp",
                 env={"VRUN_SOCKET": "/tmp/vrun-x/vrund.sock"})
    listener.stop()
    worker.run(["rm", "-r", "/tmp/vrun-x"])
    assert ended.code not in (0, None) and "belongs to uid 65534" in ended.err, ended


# -- whose job -------------------------------------------------------------------------------------------------


def outcomes(host, socket, *attacks, **options):
    ended = host.run(["vrun-stranger", "local", socket, *attacks], timeout=120, **options)
    assert ended.code == 0, ended
    return dict(line.rsplit(" ", 1) for line in ended.out.splitlines())


VERBS = ["Signal", "EndJob", "Credit", "Input", "InputEnd", "JobClosed"]


def test_another_user_s_job_is_not_to_be_touched(pair):
    """Whoever it is: another user, another session of the owner, and through any daemon's socket."""
    script = "trap 'echo touched' USR1 TERM; echo ready; while :; do sleep 0.1; done"
    job = pair.master.start(["vrun", "-v", "-n", "2", "--map-by", "node", "sh", "-c", script],
                            user=PLAIN_USER, cwd="/tmp")
    eventually(lambda: job.out.count("ready") == 2, 60, "two ranks")
    number = re.search(r"job (\w{13})", job.err)[1]
    attacks = [f"steal:{verb}:{number}" for verb in VERBS]
    for host in (pair.master, pair.workers[0]):
        for user in (OTHER_USER, PLAIN_USER, None):
            found = outcomes(host, SOCKET, *attacks, user=user)
            assert set(found) == set(attacks) and set(found.values()) == {"closed"}, found
    assert job.poll() is None and "touched" not in job.out, job.err
    job.send_signal(signal.SIGUSR1)  # its own vrun may
    eventually(lambda: "touched" in job.out, 30, "the owner's signal")
    job.stop(signal.SIGKILL)
