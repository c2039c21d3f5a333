# SPDX-License-Identifier: Apache-2.0
"""Traps of containers: jobs run in spite of them, and `vrunctl doctor` names each with its host.

w1 is well; w2 has a tiny /dev/shm; on w3 a filter refuses process_vm_readv(); w4 has a long TMPDIR."""

import json
import os
import re
import signal

import pytest

from host import HOME, PATH
from jobs import HELLO, MPICH_HELLO, PYTHON, assert_hello, vrun

MPICH = "/srv/vrun/examples/mpich"
TWO_EACH = {f"w{number}": 2 for number in range(1, 5)}
LONG = "/tmp/" + "long" * 25
COPY = "OMPI_MCA_btl_vader_single_copy_mechanism"
SLOTS = str(min(2, os.cpu_count() or 1))  # no more than there are cores: that would be found, too

# Messages that ranks of one host copy from each other's memory, where they may.
LARGE = """
import numpy
from mpi4py import MPI
world = MPI.COMM_WORLD
sent, heard = numpy.full(1 << 18, float(world.rank)), numpy.empty(1 << 18)
for step in range(1, world.size):
    world.Sendrecv(sent, (world.rank + step) % world.size, 0, heard, (world.rank - step) % world.size, 0)
    assert (heard == (world.rank - step) % world.size).all()
print('well', flush=True)
"""


@pytest.fixture(scope="module")
def traps(make_cluster):
    cluster = make_cluster(4)
    small, refusing, long = cluster.workers[1:]
    made = small.run(["mount", "-o", "remount,size=1m", "/dev/shm"])
    assert made.code == 0, made
    wrapper = (f"mkdir -p /srv/wrapped; cat > /srv/wrapped/vrund <<'END'\n#!/bin/sh\n"
               f"exec {PYTHON} {HOME}/helpers/without_single_copy.py {HOME}/bin/vrund \"$@\"\nEND\n"
               "chmod +x /srv/wrapped/vrund")
    assert refusing.run(["sh", "-ec", wrapper]).code == 0
    assert long.run(["mkdir", LONG]).code == 0
    environments = {"w3": {"PATH": f"/srv/wrapped:{PATH}"}, "w4": {"TMPDIR": LONG}}
    for host in cluster.workers + [cluster.master]:
        host.start_vrund("--slots", SLOTS, wait=False, env=environments.get(host.name, {}))
    for host in cluster.workers + [cluster.master]:
        host.wait_for_vrund()
    yield cluster
    assert long.run(["rmdir", LONG]).code == 0
    cluster.assert_clean()


def examine(host, expected_code=1):
    ended = host.run(["vrunctl", "doctor", "--json"], timeout=120)
    assert ended.code == expected_code, ended
    return json.loads(ended.out)


def found(examination):
    return {(finding["host"], finding["check"]) for finding in examination["findings"]}


# -- jobs -----------------------------------------------------------------------------------------


def on_all(traps, *command, **options):
    return vrun(traps.master, "-n", 8, "--oversubscribe", "--map-by", "node", *command, timeout=180,
                **options)


def test_open_mpi_runs(traps):
    assert_hello(on_all(traps, HELLO, 8), 8, TWO_EACH)
    ended = on_all(traps, PYTHON, "-c", LARGE)
    assert ended.code == 0, ended
    assert ended.out.splitlines() == ["well"] * 8
    assert "Read -1" not in ended.err


def test_mpich_runs(traps):
    assert_hello(on_all(traps, MPICH_HELLO, 8), 8, TWO_EACH)
    on_one = ["-n", 4, "--oversubscribe", "--host", "w2:4"]
    assert_hello(vrun(traps.master, *on_one, MPICH_HELLO, 4), 4, {"w2": 4})
    ended = vrun(traps.master, *on_one, "-x", "MPIR_CVAR_NOLOCAL=1", f"{MPICH}/ring", 4)
    assert ended.code == 0 and "ring of 4 ranks" in ended.out, ended


def test_a_tiny_dev_shm_is_named_once_and_only_there(traps):
    ended = on_all(traps, "true")
    assert ended.code == 0, ended
    named = [line for line in ended.err.splitlines() if "/dev/shm" in line]
    assert len(named) == 1 and named[0].startswith("vrun: node w2: /dev/shm has "), ended.err
    assert "--shm-size" in named[0]
    assert on_all(traps, "-q", "true").err == ""


def variables(ended):
    """{host: values} of what the ranks printed."""
    values = {}
    for line in ended.out.splitlines():
        host, _, value = line.partition(" ")
        values.setdefault(host, set()).add(value)
    return values


def test_only_who_needs_it_is_told(traps):
    for name, host in ((COPY, "w3"), ("FI_SHM_DISABLE_CMA", "w3"), ("UCX_POSIX_DIR", "w2")):
        values = variables(on_all(traps, "sh", "-c", f"echo $VRUN_NODE ${name}"))
        assert [name for name, value in values.items() if value != {""}] == [host], values
    values = variables(on_all(traps, "sh", "-c", "echo $VRUN_NODE $OMPI_MCA_btl_sm_backing_directory"))
    assert all(value.startswith("/tmp/") for value in values["w2"]), values
    assert all(value.startswith("/dev/shm/") for value in values["w1"]), values


def test_the_user_s_own_setting_stays(traps):
    script = f"echo $VRUN_NODE ${COPY} $UCX_POSIX_DIR"
    ended = on_all(traps, "-x", f"{COPY}=emulated", "-x", "UCX_POSIX_DIR=/tmp", "sh", "-c", script)
    assert variables(ended) == {f"w{number}": {"emulated /tmp"} for number in range(1, 5)}


def test_details_are_for_who_asks(traps):
    assert "SYS_PTRACE" in on_all(traps, "-v", "true").err


def test_a_long_tmpdir_of_the_user_is_named(traps):
    ended = vrun(traps.master, "-n", 1, "-x", f"TMPDIR={LONG}", "true")
    assert ended.code == 0, ended
    assert re.search(r"node w1: TMPDIR has 105 letters.*-x TMPDIR=/tmp", ended.err), ended.err


def test_a_job_gets_a_short_tmpdir_on_every_host(traps):
    values = variables(on_all(traps, "sh", "-c", "echo $VRUN_NODE $TMPDIR"))
    assert all(len(path) < 64 for paths in values.values() for path in paths), values


# -- the doctor -------------------------------------------------------------------------------------


def test_each_trap_is_named_with_its_host(traps):
    examination = examine(traps.workers[0])
    expected = {("w2", "shm"), ("w3", "single-copy"), ("w4", "tmpdir")}
    about_time = {"discovery", "clock"}  # a busy machine may be slow
    assert {one for one in found(examination) if one[1] not in about_time} == expected
    assert all(finding["fix"] for finding in examination["findings"])
    hosts = {host["name"]: host for host in examination["hosts"]}
    assert sorted(hosts) == ["w1", "w2", "w3", "w4"]
    assert hosts["w2"]["user"]["shm_size"] == 1 << 20
    assert any("libmpi" in path for path in hosts["w1"]["mpi_libraries"]), hosts["w1"]


def test_people_get_a_table(traps):
    ended = traps.workers[0].run(["vrunctl", "doctor"], timeout=120)
    assert ended.code == 1, ended
    rows = [line.split() for line in ended.out.splitlines()]
    assert rows[0][:4] == ["NAME", "ADDRESS", "STATE", "SLOTS"]
    assert [row[2] for row in rows[1:5]] == ["up"] * 4
    assert re.search(r"^w3: single-copy: .*\n    .*SYS_PTRACE", ended.out, re.M), ended.out


def test_as_a_plain_user(traps):
    ended = traps.workers[0].run(["vrunctl", "doctor", "--json"], user="alice", timeout=120)
    assert ended.code == 1, ended
    assert ("w2", "shm") in found(json.loads(ended.out))


def test_a_silent_host_is_named(traps):
    examine(traps.workers[0])  # so that they are connected
    traps.workers[1].vrund.send_signal(signal.SIGSTOP)
    try:
        examination = examine(traps.workers[0])
    finally:
        traps.workers[1].vrund.send_signal(signal.SIGCONT)
    assert ("w2", "reach") in found(examination)
    assert [host["answer"] for host in examination["hosts"] if host["name"] == "w2"] == ["silent"]
    assert ("w3", "single-copy") in found(examination)


def test_a_hole_for_large_packets_is_named(traps):
    examine(traps.workers[0])
    traps.drop(f"ip daddr {traps.workers[3].address} ip length > 1400")
    try:
        assert ("w4", "mtu") in found(examine(traps.workers[0]))
    finally:
        traps.drop()
    assert ("w4", "mtu") not in found(examine(traps.workers[0]))


def test_a_host_without_a_daemon_is_named(traps):
    host = traps.workers[0]
    added = traps.add_host()
    try:
        examination = examine(host)
        places = {(one["address"], one["answer"]) for one in examination["hosts"]}
        assert (added.address, "down") in places
        assert (added.address, "reach") in found(examination)
    finally:
        traps.remove_host(added)


def test_with_no_daemon_around(traps):
    ended = traps.master.run(["vrunctl", "doctor", "--socket", "/no/such"])
    assert ended.code == 122 and "/no/such" in ended.err, ended
