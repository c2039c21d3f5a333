# SPDX-License-Identifier: Apache-2.0
"""mpirun and mpiexec as they are, over vrsh: no sshd, hostfiles kept by vrund, and beside the hosts'
network one that leads nowhere, which they would use. Also run in a Debian 13 root: Open MPI 5."""

import re
import signal

import pytest

from host import PLAIN_USER, eventually
from jobs import mpich_hangs_in_finalize
from launchers import (HYDRA, KEPT, OPENMPI4, OPENMPI5, assert_runs_everywhere, mpirun,
                       start_keeper)

SLOTS = 2
EXAMPLES = "/srv/vrun/examples"
DAEMONS = ("orted", "prted", "vrsh", "hydra_pmi_proxy", "sleep")


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(4)
    start_keeper(cluster, SLOTS)
    return cluster


@pytest.fixture(scope="module")
def openmpi(cluster):
    """What Open MPI's version needs set."""
    version = cluster.master.run(["mpirun.openmpi", "--version"], user=PLAIN_USER).out
    return OPENMPI4 if re.search(r"\) 4\.", version) else OPENMPI5


def busy(cluster):
    return [(host.name, process) for host in [cluster.master, *cluster.workers]
            for process in host.processes() if process.name in DAEMONS]


def assert_all_gone(cluster):
    eventually(lambda: not busy(cluster), 60, f"the end of {busy(cluster)}")
    for host in cluster.workers:
        eventually(lambda: not host.running_jobs(), 60, f"the end of the jobs on {host.name}")


def test_the_kept_files_name_the_network(cluster):
    kept = {name: cluster.master.path(f"{KEPT}/{name}").read_text()
            for name in ("mca.conf", "prte.conf", "hydra.conf")}
    assert kept == {
        "mca.conf": "btl_tcp_if_include = 10.77.0.0/16\noob_tcp_if_include = 10.77.0.0/16\n",
        "prte.conf": "prte_if_include = 10.77.0.0/16\n",
        "hydra.conf": "-iface eth0\n"}


def test_openmpi(cluster, openmpi):
    assert_runs_everywhere(cluster, "mpirun.openmpi", openmpi, f"{EXAMPLES}/openmpi", SLOTS)
    assert_all_gone(cluster)


def test_hydra(cluster):
    assert_runs_everywhere(cluster, "mpiexec.hydra", HYDRA, f"{EXAMPLES}/mpich", SLOTS,
                           mpich_hangs_in_finalize(cluster.master))
    assert_all_gone(cluster)


def test_openmpi_on_its_own_host_too(cluster, openmpi):
    ended = mpirun(cluster.master, "mpirun.openmpi", "-host",
                   f"master:1,{cluster.workers[0].address}:1", f"{EXAMPLES}/openmpi/ring",
                   env=openmpi)
    assert ended.code == 0 and "ring of 2 ranks: sum 1, expected 1" in ended.out, ended


def test_daemons_start_further_daemons(cluster, openmpi):
    """A tree of radix 1: each host's daemon starts the next one's, by the vrund beside it."""
    chain = {"OMPI_MCA_routed_radix": "1", "PRTE_MCA_routed_radix": "1",
             "PRTE_MCA_prte_routed_radix": "1"}
    before = [worker.vrund.err.count("job accepted") for worker in cluster.workers]
    ended = mpirun(cluster.master, "mpirun.openmpi", "-n", "8", "hostname", env=openmpi | chain)
    assert ended.code == 0 and len(set(ended.out.split())) == 4, ended
    after = [worker.vrund.err.count("job accepted") for worker in cluster.workers]
    assert sum(after) - sum(before) == 3, (before, after)
    assert_all_gone(cluster)


@pytest.mark.parametrize("launcher", ["mpirun.openmpi", "mpiexec.hydra"])
def test_a_killed_launcher_leaves_nothing(cluster, openmpi, launcher):
    variables = HYDRA if launcher == "mpiexec.hydra" else openmpi
    job = cluster.master.start([launcher, "-n", "8", "sleep", "1000"], user=PLAIN_USER,
                               env=variables)
    eventually(lambda: sum(process.name == "sleep" for _, process in busy(cluster)) == 8, 60)
    job.send_signal(signal.SIGKILL)
    assert_all_gone(cluster)
