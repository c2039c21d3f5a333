# SPDX-License-Identifier: Apache-2.0
"""The stack in a real Docker Swarm, made and used by images/vcluster: as long as it grows and shrinks.

The tests go on where the one before stopped: containers are what takes time here."""

import fcntl
import os
import pty
import re
import signal
import termios
import time
from collections import Counter

import pytest

from engine import eventually
from stack import SLOTS, VCLUSTER, Stack

WORKERS, MANY, FEW = 24, 40, 6
IMAGE = "vrun-test:stack"  # a name of its own, which may come to mean another image
IDLE_SECONDS = 10
EXAMPLES = "/usr/local/share/doc/vrun/examples"


def workers(count):
    return {f"worker-{number}" for number in range(1, count + 1)}


@pytest.fixture(scope="module")
def stack(engine, image):
    engine.docker("tag", image("debian13-openmpi"), IMAGE)
    stack = Stack(engine, IMAGE)
    try:
        yield stack
    finally:
        stack.vcluster("down", check=False)
        engine.docker("rmi", IMAGE, check=False)


def test_up(stack):
    """From no swarm at all."""
    refused = stack.vcluster("run", "hostname", check=False)
    assert refused.code == 1 and "'vcluster up' starts one" in refused.err
    assert stack.vcluster("up", "many", check=False).code == 1
    started = time.monotonic()
    said = stack.vcluster("up", WORKERS)
    print(f"{WORKERS} workers are up after {time.monotonic() - started:.1f} s")
    assert f"{WORKERS} workers are up" in said.out
    assert set(stack.hosts()) == workers(WORKERS)


def test_hello(stack):
    stack.run("mpicc", "-O2", "-o", "hello", f"{EXAMPLES}/hello.c")
    ranks = WORKERS * SLOTS
    ended = stack.run("vrun", "-n", ranks, "./hello", ranks)
    seen = re.findall(rf"rank (\d+) of {ranks} on (\S+)", ended.out)
    assert sorted(int(rank) for rank, _ in seen) == list(range(ranks))
    assert Counter(host for _, host in seen) == dict.fromkeys(workers(WORKERS), SLOTS)


def test_pi_in_python(stack):
    ranks = WORKERS * SLOTS
    ended = stack.run("vrun", "-n", ranks, "python3", f"{EXAMPLES}/phi.py", ranks)
    assert f"from {ranks} ranks" in ended.out and "pi is 3.14159" in ended.out
    assert set(re.findall(r"rank +\d+ on (\S+):", ended.out)) == workers(WORKERS)


def test_vcluster_runs_and_logs_in(stack):
    ended = stack.vcluster("run", "-N", "1", "hostname")
    assert set(ended.out.split()) == workers(WORKERS)
    said = stack.vcluster("login", input="hostname; id -un; vrun -n 2 hostname | wc -l\n", stdin=None)
    assert said.out.split() == ["master", "mpi", "2"]
    shown = stack.vcluster("status").out
    assert f"{WORKERS}/{WORKERS}" in shown and "worker-1 " in shown


def test_run_has_input_and_an_exit_code(stack):
    ended = stack.vcluster("run", "-n", 1, "sh", "-c", "cat; exit 3", input="one\ntwo\n", stdin=None,
                           check=False)
    assert (ended.code, ended.out) == (3, "one\ntwo\n")


def test_the_key_is_a_secret(stack):
    said = stack.run("sh", "-c", "stat -L -c '%a %u' /run/secrets/vrun_key; env")
    assert said.out.splitlines()[0] == "400 1000"
    assert "vrun_key" not in said.out.split("\n", 1)[1]


def test_hostfiles(stack):
    """Kept on the master, for launchers that know nothing else; within a second or two."""
    addresses = set(stack.hosts().values())
    openmpi = stack.run("cat", "/run/vrun/hosts").out.splitlines()
    mpich = stack.run("cat", "/run/vrun/hosts.mpich").out.splitlines()
    assert {line.split()[0] for line in openmpi} == addresses
    assert {line.rsplit(":", 1)[0] for line in mpich} == addresses


def test_open_mpi_reads_all_parameter_files(stack):
    """The user's own, and the one that the master keeps."""
    said = stack.run("sh", "-c", "mkdir ~/.openmpi; echo mpi_param_check=0 > ~/.openmpi/mca-params.conf;"
                                 "ompi_info --all --parsable | grep :source:file; rm -r ~/.openmpi")
    assert re.search(r":mpi_param_check:source:file \(/home/mpi/.openmpi/mca-params.conf", said.out), said
    assert re.search(r":btl_tcp_if_include:source:file \(/run/vrun/mca.conf", said.out), said


def test_idle_costs_nothing(stack, engine):
    """Of one core, with all containers and the master that keeps connections."""
    before = engine.cpu_seconds()
    time.sleep(IDLE_SECONDS)  # what is measured is how much is done in a time
    used = (engine.cpu_seconds() - before) / IDLE_SECONDS
    print(f"{WORKERS} idle workers and a master: {used:.1%} of a core")
    assert used < 0.5


def test_growing_with_a_job(stack):
    gate = stack.gate("growing")
    job = stack.start("vrun", "-n", WORKERS * SLOTS, *gate.words)
    gate.wait_for(WORKERS * SLOTS)
    stack.vcluster("scale", MANY)
    ended = stack.run("vrun", "-n", MANY * SLOTS, "hostname")
    assert Counter(ended.out.split()) == dict.fromkeys(workers(MANY), SLOTS)
    assert job.poll() is None
    gate.open()
    out, err = job.communicate(timeout=60)
    assert (job.returncode, out, err) == (0, "", "")


def test_shrinking_with_jobs(stack):
    """A job that needed no removed host ends well; one that lost a host says which."""
    gate, wide = stack.gate("shrinking"), stack.gate("wide")
    addresses = stack.hosts()
    narrow = {name: stack.start("vrun", "-n", 1, "--host", address, *gate.words)
              for name, address in addresses.items()}
    everywhere = stack.start("vrun", "-N", 1, *wide.words)
    gate.wait_for(MANY)
    wide.wait_for(MANY)
    stack.vcluster("scale", FEW)
    _, said = everywhere.communicate(timeout=120)
    eventually(lambda: len(stack.containers("worker")) == FEW, 180, f"{FEW} containers")
    left = set(eventually(lambda: (hosts := stack.hosts()) and len(hosts) == FEW and hosts, 60,
                          f"{FEW} hosts"))
    assert everywhere.returncode == 121
    assert any(name in said for name in workers(MANY) - left), said
    for name in workers(MANY) - left:
        _, said = narrow[name].communicate(timeout=60)
        assert narrow[name].returncode == 121 and name in said, (name, said)
    assert all(narrow[name].poll() is None for name in left)
    gate.open()
    for name in left:
        assert narrow[name].wait(60) == 0, name
    ended = stack.run("vrun", "-n", FEW * SLOTS, "hostname")
    assert Counter(ended.out.split()) == dict.fromkeys(left, SLOTS)


def test_the_stock_mpirun(stack):
    """Open MPI's own, by vrsh, with the hostfile that the master keeps."""
    ranks, addresses = FEW * SLOTS, set(stack.hosts().values())
    eventually(lambda: {line.split()[0] for line in stack.run("cat", "/run/vrun/hosts").out.splitlines()}
               == addresses, 60, "the hostfile of these hosts")
    ended = stack.run("mpirun.openmpi", "--hostfile", "/run/vrun/hosts", "-n", ranks, "./hello", ranks)
    assert Counter(re.findall(rf"of {ranks} on (\S+)", ended.out)) == dict.fromkeys(stack.hosts(), SLOTS)


def test_the_master_is_killed(stack, engine):
    """Swarm starts another one; workers do nothing about it. What it ran is gone, but for what was
    detached: that ends while there is no master at all, and the next one tells how."""
    gate, detached = stack.gate("orphaned"), stack.gate("detached")
    job = stack.start("vrun", "-n", FEW * SLOTS, *gate.words)
    _, script, path = detached.words[1:]
    number = stack.run("vrun", "--detach", "-N", 1, "sh", "-c", f"({script}); exit 7", path).out.strip()
    gate.wait_for(FEW * SLOTS)
    detached.wait_for(FEW)
    master, before = stack.master(), set(stack.containers("worker"))
    engine.docker("kill", master)
    detached.open()
    assert job.wait(60) != 0
    eventually(lambda: stack.containers("master") not in ([], [master]), 120, "another master")
    assert stack.master() != master
    assert stack.run("vrunctl", "wait", number, check=False).code == 7
    ended = stack.run("vrun", "--wait", "60s", "-n", FEW * SLOTS, "./hello", FEW * SLOTS)
    assert ended.out.count(f" of {FEW * SLOTS} on worker-") == FEW * SLOTS
    assert set(stack.containers("worker")) == before
    for worker in before:
        eventually(lambda: "cat /project" not in engine.docker("top", worker).out, 60,
                   "the end of the ranks that lost their vrun")


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
def test_a_signal_to_run_ends_the_job(stack, engine, name):
    """As in `vcluster run ... | tee log`: Ctrl-C, `timeout`, a terminal that is closed."""
    def own_session():
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # not as whoever started us in the background
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    gate, (keyboard, terminal) = stack.gate(name), pty.openpty()
    log = stack.project / f"log-{name}"
    with log.open("w") as output:
        run = engine.spawn(VCLUSTER, "run", "-N", 1, *gate.words, stdin=terminal, stdout=output,
                           stderr=output, preexec_fn=own_session)
    os.close(terminal)
    gate.wait_for(FEW)
    if name == "INT":
        os.write(keyboard, b"\x03")
    elif name == "TERM":
        run.terminate()
    else:
        os.close(keyboard)
    eventually(lambda: run.poll() is not None, 60, f"the end after {name}")
    assert run.returncode == 128 + signal.Signals[f"SIG{name}"], log.read_text()
    assert f"(SIG{name})" in log.read_text()
    if name != "HUP":
        os.close(keyboard)
    eventually(lambda: "vrun" not in stack.run("sh", "-c", "cat /proc/[0-9]*/comm").out.split(), 60,
               "the end of vrun")
    for worker in stack.containers("worker"):
        eventually(lambda: "cat /project" not in engine.docker("top", worker).out, 60, "the end of the ranks")


def test_another_key(stack, engine):
    """`up` returns when it is in use everywhere, and a later one does not bring the old one back."""
    before = stack.everything("ps")
    stack.vcluster("up", FEW, environment={"VRUN_KEY": "vrun_key2"})
    changed = stack.everything("ps")
    assert set(stack.hosts()) == workers(FEW)
    assert len(changed) == FEW + 1 and not changed & before
    stack.vcluster("up", FEW)
    secrets = engine.docker("service", "inspect", "vrun_master", "vrun_worker", "--format",
                            "{{(index .Spec.TaskTemplate.ContainerSpec.Secrets 0).SecretName}}")
    assert secrets.out.split() == ["vrun_key2"] * 2
    assert stack.everything("ps") == changed


def test_another_image_of_the_same_name(stack, engine):
    """To Swarm alone that is no change."""
    container = engine.docker("create", "--network", "none", IMAGE).out.strip()
    rebuilt = engine.docker("commit", "--change", "LABEL rebuilt=yes", container, IMAGE).out.strip()
    engine.docker("rm", container)
    stack.vcluster("up", FEW)
    assert set(stack.hosts()) == workers(FEW)
    images = engine.docker("inspect", "--format", "{{.Image}}", *stack.everything("ps")).out.split()
    assert images == [rebuilt] * (FEW + 1)


def test_down(stack):
    """When it returns there is nothing left for the next cluster to stumble over."""
    stack.vcluster("down")
    assert not stack.everything("ps", "--all") | stack.everything("network", "ls")
    stack.vcluster("up", 1)
    assert set(stack.hosts()) == workers(1)
