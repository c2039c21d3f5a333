# SPDX-License-Identifier: Apache-2.0
"""Stock launchers over vrsh: what an image sets once (docs/discovery.md), and what they then run."""

from host import PLAIN_USER, eventually
from jobs import assert_hello

KEPT = "/srv/vrun/kept"
FORMATS = {"hosts": "openmpi", "hosts.mpich": "mpich", "mca.conf": "mca", "prte.conf": "prte",
           "hydra.conf": "hydra"}
KEEP = ",".join(f"{KEPT}/{name}:{format}" for name, format in FORMATS.items())

OPENMPI4 = {"OMPI_MCA_plm_rsh_agent": "vrsh",
            "OMPI_MCA_orte_default_hostfile": f"{KEPT}/hosts",
            "OMPI_MCA_mca_base_param_files":
                f"{KEPT}/mca.conf,/etc/openmpi/openmpi-mca-params.conf"}
OPENMPI5 = {"PRTE_MCA_plm_ssh_agent": "vrsh",
            "PRTE_MCA_prte_default_hostfile": f"{KEPT}/hosts",
            "PMIX_MCA_mca_base_param_files":
                f"{KEPT}/prte.conf,/etc/openmpi/prte-mca-params.conf",
            "OMPI_MCA_mca_base_param_files":
                f"{KEPT}/mca.conf,/etc/openmpi/openmpi-mca-params.conf"}
HYDRA = {"HYDRA_LAUNCHER": "ssh", "HYDRA_LAUNCHER_EXEC": "vrsh",
         "HYDRA_HOST_FILE": f"{KEPT}/hosts.mpich", "HYDRA_CONFIG_FILE": f"{KEPT}/hydra.conf"}


def start_keeper(cluster, slots):
    """Daemons on all hosts; the master's keeps the files. Returns when they are whole."""
    master = cluster.master
    master.path(KEPT).mkdir(exist_ok=True)
    cluster.start_vrunds("--slots", str(slots), hosts=cluster.workers)
    cluster.start_vrunds("--slots", str(slots), env={"VRUN_KEEP_HOSTFILE": KEEP}, hosts=[master])

    def is_whole():
        files = [master.path(f"{KEPT}/{name}") for name in FORMATS]
        return all(file.exists() for file in files) and (
            len(files[0].read_text().split("\n")) == len(cluster.workers) + 1)

    eventually(is_whole, 60, "the kept files")


def mpirun(host, *words, **options):
    """As a plain user: stock launchers refuse root."""
    return host.run(list(words), user=PLAIN_USER, timeout=120, **options)


def assert_runs_everywhere(cluster, launcher, variables, programs, slots, hangs_in_finalize=False):
    """hello and ring over all hosts, and an exit code."""
    per_host = {worker.name: slots for worker in cluster.workers}
    ranks = slots * len(per_host)
    words = [launcher, "-n", str(ranks)]
    hello = mpirun(cluster.master, *words, f"{programs}/hello", env=variables)
    assert_hello(hello, ranks, per_host)
    ring = cluster.master.start([*words, f"{programs}/ring"], user=PLAIN_USER, env=variables)
    total = sum(range(ranks))
    ring.wait_for(f"ring of {ranks} ranks: sum {total}, expected {total}", 120)
    if hangs_in_finalize:
        ring.stop()
    else:
        assert ring.wait(120) == 0, ring.err
    assert mpirun(cluster.master, *words, "sh", "-c", "exit 7", env=variables).code == 7
