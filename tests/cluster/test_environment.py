# SPDX-License-Identifier: Apache-2.0
"""What ranks find in their environment, over several hosts: docs/environment.md."""

import pytest

from jobs import PYTHON, vrun

HOSTS = [f"w{number}" for number in range(1, 5)]


def rows(ended):
    assert ended.code == 0, ended
    return sorted(line.split() for line in ended.out.splitlines())


def echo(host, names, *options, env=None, ranks=8):
    script = "echo " + " ".join(f"${{{name}:-none}}" for name in names.split())
    return rows(vrun(host, "-n", ranks, "--map-by", "node", *options, "sh", "-c", script, env=env))


@pytest.mark.parametrize("names", [
    "OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE OMPI_COMM_WORLD_LOCAL_RANK OMPI_COMM_WORLD_LOCAL_SIZE",
    "OMPI_COMM_WORLD_RANK OMPI_WORLD_SIZE OMPI_COMM_WORLD_NODE_RANK OMPI_WORLD_LOCAL_SIZE",
    "OMPI_MCA_ess_base_vpid OMPI_MCA_orte_ess_num_procs OMPI_MCA_orte_ess_node_rank MPI_LOCALNRANKS",
    "PMIX_RANK OMPI_MCA_num_procs MPI_LOCALRANKID MPI_LOCALNRANKS",
    "PMI_RANK PMI_SIZE PMI_LOCAL_RANK PMI_LOCAL_SIZE",
    "MV2_COMM_WORLD_RANK MV2_COMM_WORLD_SIZE MV2_COMM_WORLD_LOCAL_RANK MV2_COMM_WORLD_LOCAL_SIZE",
    "VRUN_RANK OMPI_COMM_WORLD_SIZE MPI_LOCALRANKID PMI_LOCAL_SIZE",
])
def test_every_launcher_s_names_say_the_same(four, names):
    assert echo(four.master, names) == [[str(rank), "8", str(rank // 4), "2"] for rank in range(8)]


def test_the_first_node_s_address_is_known_to_all(four):
    uris = echo(four.master, "OMPI_MCA_orte_hnp_uri", ranks=4)
    assert len(set(map(tuple, uris))) == 1 and f".0;tcp://{four.workers[0].address}:" in uris[0][0]


# -- torch --------------------------------------------------------------------------------------------

MEET = """
import os, socket, time
rank, size = int(os.environ['RANK']), int(os.environ['WORLD_SIZE'])
place = os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT'])
if rank == 0:
    server = socket.create_server(place)
    print(sorted(int(server.accept()[0].recv(9)) for _ in range(size - 1)))
else:
    while True:
        try:
            connection = socket.create_connection(place, 30)
        except ConnectionRefusedError:
            time.sleep(0.05)
            continue
        connection.sendall(b'%d' % rank)
        break
"""


@pytest.mark.parametrize("options, env", [(["--export", "torch"], {}), ([], {"VRUN_EXPORT": "torch"})],
                         ids=["by option", "by variable"])
def test_ranks_meet_as_torch_does(four, options, env):
    names = "RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE NODE_RANK MASTER_ADDR"
    address = four.workers[0].address
    assert echo(four.master, names, *options, env=env) == [
        [str(rank), "8", str(rank // 4), "2", str(rank % 4), address] for rank in range(8)]
    ended = vrun(four.master, "-n", 8, "--map-by", "node", *options, PYTHON, "-c", MEET, env=env)
    assert (ended.code, ended.out) == (0, "[1, 2, 3, 4, 5, 6, 7]\n"), ended


def test_torch_is_not_spoken_unasked(four):
    assert set(map(tuple, echo(four.master, "WORLD_SIZE MASTER_ADDR"))) == {("none", "none")}


# -- the universe -------------------------------------------------------------------------------------

UNIVERSE = "from mpi4py import MPI; print(MPI.COMM_WORLD.Get_attr(MPI.UNIVERSE_SIZE))"


@pytest.mark.parametrize("options, env, size", [
    ([], {}, "20"), (["-usize", "33"], {}, "33"), ([], {"MPIEXEC_UNIVERSE_SIZE": "7"}, "7"),
    (["-usize", "SYSTEM"], {"MPIEXEC_UNIVERSE_SIZE": "7"}, "20")])
def test_the_size_of_the_universe(four, options, env, size):
    command = ["-n", 4, "--map-by", "node", *options, PYTHON, "-c", UNIVERSE]
    assert rows(vrun(four.master, *command, env=env, timeout=120)) == [[size]] * 4


# -- what comes along ---------------------------------------------------------------------------------


def test_what_belongs_to_the_caller_s_host_stays_there(four):
    own = {"DISPLAY": ":0", "SSH_AUTH_SOCK": "/tmp/agent", "XDG_RUNTIME_DIR": "/run/user/0",
           "SLURM_PROCID": "5", "PMI_ID": "5", "OLDPWD": "/"}
    assert set(map(tuple, echo(four.master, " ".join(own), env=own))) == {("none",) * len(own)}
    named = echo(four.master, "DISPLAY SLURM_PROCID", "-x", "DISPLAY", "-x", "SLURM_*", env=own)
    assert set(map(tuple, named)) == {(":0", "5")}
    others = {"OMP_NUM_THREADS": "3", "PYTHONPATH": "/srv", "CONDA_PREFIX": "/srv", "SLURM_JOB_ID": "9"}
    assert set(map(tuple, echo(four.master, " ".join(others), env=others))) == {tuple(others.values())}
    assert echo(four.master, "HOSTNAME", env={"HOSTNAME": "elsewhere"}, ranks=4) == [[h] for h in HOSTS]
