# SPDX-License-Identifier: Apache-2.0
"""The ways of mpi4py over several hosts: its modules that are programs, environments, what is missing.

What they do on one host beside the stock launchers is in command_lines.py."""

import re
import shlex
from collections import Counter

import pytest

from host import PATH
from jobs import PYTHON, vrun

HOSTS = ["w1", "w2", "w3", "w4"]
FILES = {
    "pool.py": """
from mpi4py import MPI
from mpi4py.futures import MPIPoolExecutor
import os, time

def square(x):
    time.sleep(0.01)
    return x * x, MPI.COMM_WORLD.rank, os.environ['VRUN_NODE']

if __name__ == '__main__':
    with MPIPoolExecutor() as pool:
        done = list(pool.map(square, range(200)))
    print([value for value, _, _ in done] == [x * x for x in range(200)])
    print(*sorted({f'{rank}@{node}' for _, rank, node in done}))
""",
    "comm.py": """
from mpi4py import MPI
from mpi4py.futures import MPICommExecutor

with MPICommExecutor(MPI.COMM_WORLD, root=0) as pool:
    if pool is not None:
        print(sum(pool.map(abs, range(-100, 100))))
""",
    "raises.py": """
from mpi4py import MPI
if MPI.COMM_WORLD.rank == 2:
    raise ValueError('what rank 2 says')
MPI.COMM_WORLD.Barrier()
MPI.COMM_WORLD.recv(source=2)
""",
    "raises_in_pool.py": """
from mpi4py.futures import MPIPoolExecutor

def fail(x):
    raise ValueError('what a worker says')

if __name__ == '__main__':
    with MPIPoolExecutor() as pool:
        list(pool.map(fail, range(4)))
""",
}


@pytest.fixture(scope="module")
def cluster(make_cluster, tmp_path_factory):
    """Four hosts that share /srv/shared, with the scripts and a virtual environment in it."""
    shared = tmp_path_factory.mktemp("shared")
    cluster = make_cluster(4, mounts={"/srv/shared": str(shared)})
    for name, text in FILES.items():
        (shared / name).write_text(text)
    venv = [PYTHON, "-m", "venv", "--system-site-packages", "--without-pip"]
    for place in ("/srv/shared/venv", "/srv/only/venv"):  # the other is on w1 alone
        made = cluster.workers[0].run([*venv, place])
        assert made.code == 0, made
    cluster.start_vrunds("--slots", "5")
    return cluster


@pytest.fixture(autouse=True)
def nothing_is_left(cluster):
    yield
    cluster.assert_clean()


def in_shared(cluster, ranks, *command, host=None, **options):
    return vrun(host or cluster.workers[0], "-n", ranks, "--map-by", "node", *command,
                cwd="/srv/shared", timeout=180, **options)


# -- its programs ----------------------------------------------------------------------------------


def test_futures_with_ranks_that_are_there(cluster):
    ended = in_shared(cluster, 5, PYTHON, "-m", "mpi4py.futures", "pool.py")
    assert ended.code == 0, ended
    is_right, workers = ended.out.splitlines()
    assert is_right == "True"
    assert workers.split() == ["1@w2", "2@w3", "3@w4", "4@w1"], ended


def test_a_pool_in_a_communicator(cluster):
    ended = in_shared(cluster, 4, PYTHON, "comm.py")
    assert (ended.code, ended.out) == (0, "10000\n"), ended


def test_an_exception_in_a_worker_comes_back(cluster):
    ended = in_shared(cluster, 4, PYTHON, "-m", "mpi4py.futures", "raises_in_pool.py")
    assert ended.code == 1, ended
    assert "what a worker says" in ended.err
    assert re.search(r"rank 0 on node w1 called MPI_Abort with code 1", ended.err), ended.err


@pytest.mark.parametrize("module", ["mpi4py", "mpi4py.run"])
def test_an_exception_in_one_rank_ends_the_job(cluster, module):
    ended = in_shared(cluster, 4, PYTHON, "-m", module, "raises.py")
    assert ended.code == 1, ended
    assert "ValueError: what rank 2 says" in ended.err
    assert re.search(r"rank 2 on node w3 called MPI_Abort with code 1", ended.err), ended.err


def test_its_benchmarks(cluster):
    ended = in_shared(cluster, 4, PYTHON, "-m", "mpi4py.bench", "helloworld")
    assert ended.code == 0, ended
    expected = [f"Hello, World! I am process {rank} of 4 on w{rank + 1}." for rank in range(4)]
    assert sorted(ended.out.splitlines()) == expected
    ended = in_shared(cluster, 4, PYTHON, "-m", "mpi4py.bench", "ringtest", "-n", "1024", "-l", "10")
    assert ended.code == 0 and "4 processes" in ended.out, ended


# -- environments ------------------------------------------------------------------------------------

WHICH = "import os, sys; from mpi4py import MPI; print(os.environ['VRUN_NODE'], sys.prefix)"


def activated(place, name="VIRTUAL_ENV"):
    return {name: place, "PATH": f"{place}/bin:{PATH}"}


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_an_environment_reaches_all_hosts(cluster, name):
    ended = in_shared(cluster, 4, "python3", "-c", WHICH, env=activated("/srv/shared/venv", name))
    assert ended.code == 0, ended
    assert sorted(ended.out.splitlines()) == [f"{host} /srv/shared/venv" for host in HOSTS]
    assert "not there" not in ended.err


def test_activated_by_its_own_script(cluster):
    line = f". ./venv/bin/activate; exec vrun -n 4 --map-by node python3 -c {shlex.quote(WHICH)}"
    ended = cluster.workers[0].run(["sh", "-c", line], cwd="/srv/shared", timeout=180)
    assert ended.code == 0, ended
    assert sorted(ended.out.splitlines()) == [f"{host} /srv/shared/venv" for host in HOSTS]


def test_an_environment_that_other_hosts_lack_is_named(cluster):
    ended = in_shared(cluster, 4, "python3", "-c", WHICH, env=activated("/srv/only/venv"))
    assert ended.code == 0, ended
    assert Counter(line.split()[1] for line in ended.out.splitlines()) == \
        {"/srv/only/venv": 1, "/usr": 3}
    named = [line for line in ended.err.splitlines() if "/srv/only/venv" in line]
    assert len(named) == 1, ended.err
    assert re.fullmatch(r"vrun: node w[234]: the environment '/srv/only/venv' is not there, "
                        r"'/usr/bin/python3' is started instead; .*", named[0]), ended.err


# -- what is missing on one host ----------------------------------------------------------------------


def test_a_missing_interpreter_is_named_with_its_host(cluster):
    made = "mkdir -p /srv/tools && ln -sf /usr/bin/python3 /srv/tools/snake"
    for worker in cluster.workers[:3]:
        assert worker.run(["sh", "-c", made]).code == 0
    ended = in_shared(cluster, 4, "snake", "-c", "import mpi4py.MPI",
                      env={"PATH": f"/srv/tools:{PATH}"})
    assert ended.code == 127, ended
    assert re.search(r"rank 3 on node w4 did not start: start 'snake' \(looked for in PATH=",
                     ended.err), ended.err
    assert "must be there on every node" in ended.err


@pytest.mark.parametrize("script", [["-c", "import rare"], ["-m", "rare"],
                                    ["-m", "mpi4py", "-c", "import rare"]],
                         ids=["import", "module", "under mpi4py"])
def test_a_missing_module_is_named_with_its_host(cluster, script):
    for worker in cluster.workers[:2] + cluster.workers[3:]:
        made = "mkdir -p /srv/modules && echo 'import time; time.sleep(1000)' > /srv/modules/rare.py"
        assert worker.run(["sh", "-c", made]).code == 0
    ended = in_shared(cluster, 4, PYTHON, *script, env={"PYTHONPATH": "/srv/modules"})
    assert ended.code == 1, ended
    assert re.search(r"rank 2 on node w3 (exited with|called MPI_Abort with) code 1", ended.err), ended
    assert re.search(r"No module named '?rare", ended.err), ended.err
    assert "vrun --host w3 -n 1 /usr/bin/python3 -c 'import sys; print(sys.path)'" in ended.err, ended.err
