# SPDX-License-Identifier: Apache-2.0
"""Command lines as READMEs, courses and CI files have them, and what the stock launchers made of them.

A row: the line, its exit code, its standard output (as a set of lines with their counts; ranks write
in any order). Recorded from Open MPI 4.1.4 and MPICH 4.0.2 of Debian 12; line_host.py says how
they are recorded anew. `who` prints the rank, the size and the local rank.
"""

WHO_1 = ["0 of 1 here 0"]
WHO_2 = ["0 of 2 here 0", "1 of 2 here 1"]
WHO_3 = ["0 of 3 here 0", "1 of 3 here 1", "2 of 3 here 2"]
WHO_4 = ["0 of 4 here 0", "1 of 4 here 1", "2 of 4 here 2", "3 of 4 here 3"]

FILES = {
    "who": '#!/bin/sh\necho "${OMPI_COMM_WORLD_RANK-$PMI_RANK} of ${OMPI_COMM_WORLD_SIZE-$PMI_SIZE} '
           'here ${OMPI_COMM_WORLD_LOCAL_RANK-$MPI_LOCALRANKID}"\n',
    "hosts": "# the machine\nlocalhost slots=4\n",
    "machines": "localhost:4\n",
    "appfile": "# two programs\n-np 1 echo first\n\n-np 2 echo second\n",
    "config": "-n 1 echo first :\n-n 2 echo second\n",
    "params": "rmaps_base_oversubscribe = 1\n",
    "fails.py": "from mpi4py import MPI\nif MPI.COMM_WORLD.rank == 1:\n    raise ValueError('one')\n"
                "MPI.COMM_WORLD.Barrier()\n",
    "exits.py": "import sys\nfrom mpi4py import MPI\nif MPI.COMM_WORLD.rank == 1:\n    sys.exit(5)\n"
                "MPI.COMM_WORLD.Barrier()\n",
    "pool.py": "from mpi4py.futures import MPIPoolExecutor\n\n\ndef square(x):\n    return x * x\n\n\n"
               "if __name__ == '__main__':\n    with MPIPoolExecutor() as pool:\n"
               "        print(list(pool.map(square, range(4))))\n",
    "fails_in_pool.py": "from mpi4py.futures import MPIPoolExecutor\n\n\ndef fail(x):\n"
                        "    raise ValueError(x)\n\n\nif __name__ == '__main__':\n"
                        "    with MPIPoolExecutor() as pool:\n        list(pool.map(fail, range(4)))\n",
    "sum.py": "from mpi4py import MPI\nw = MPI.COMM_WORLD\nprint(w.allreduce(w.rank + 1), 'of', w.size)\n",
}

OPEN_MPI = [
    # how many
    ("mpirun -np 2 ./who", 0, WHO_2),
    ("mpirun -n 2 ./who", 0, WHO_2),
    ("mpirun --np 2 ./who", 0, WHO_2),
    ("mpirun -c 2 ./who", 0, WHO_2),
    ("mpiexec -n 1 ./who", 0, WHO_1),
    ("mpirun -q -np 2 ./who", 0, WHO_2),
    ("mpirun --allow-run-as-root -np 2 ./who", 0, WHO_2),
    ("mpirun -np 2 -- ./who", 0, WHO_2),
    # more than there are cores
    ("mpirun --oversubscribe -np 4 ./who", 0, WHO_4),
    ("mpirun -np 4 -oversubscribe ./who", 0, WHO_4),
    ("mpirun --allow-run-as-root --oversubscribe -n 4 ./who", 0, WHO_4),
    ("mpirun -np 4 --map-by :OVERSUBSCRIBE ./who", 0, WHO_4),
    ("mpirun --map-by slot:oversubscribe -np 4 ./who", 0, WHO_4),
    ("mpirun --mca rmaps_base_oversubscribe 1 -np 4 ./who", 0, WHO_4),
    ("env OMPI_MCA_rmaps_base_oversubscribe=1 mpirun -np 4 ./who", 0, WHO_4),
    ("env OMPI_MCA_rmaps_base_oversubscribe=yes mpiexec -n 3 ./who", 0, WHO_3),
    # hosts
    ("mpirun -np 4 --host localhost:4 ./who", 0, WHO_4),
    ("mpirun -H localhost:3 -np 3 ./who", 0, WHO_3),
    ("mpirun -host localhost,localhost -np 2 ./who", 0, WHO_2),
    ("mpirun -host localhost:3 ./who", 0, WHO_3),
    ("mpirun --hostfile hosts -np 4 ./who", 0, WHO_4),
    ("mpirun -hostfile hosts -np 3 ./who", 0, WHO_3),
    ("mpirun -machinefile hosts -n 4 ./who", 0, WHO_4),
    ("mpirun --hostfile hosts ./who", 0, WHO_4),
    ("env OMPI_MCA_orte_default_hostfile=hosts mpirun -np 4 ./who", 0, WHO_4),
    ("mpirun -default-hostfile hosts -np 4 ./who", 0, WHO_4),
    # where
    ("mpirun -np 2 --bind-to none ./who", 0, WHO_2),
    ("mpirun -bind-to none -map-by slot -np 2 ./who", 0, WHO_2),
    ("mpirun -np 2 --map-by core --bind-to core ./who", 0, WHO_2),
    ("mpirun --map-by node -np 2 ./who", 0, WHO_2),
    ("mpirun -bynode -np 2 ./who", 0, WHO_2),
    ("mpirun --rank-by slot -np 2 ./who", 0, WHO_2),
    ("mpirun -nooversubscribe -np 2 ./who", 0, WHO_2),
    ("mpirun -N 2 --host localhost:2 ./who", 0, WHO_2),
    ("mpirun -npernode 2 --host localhost:4 ./who", 0, WHO_2),
    ("mpirun -pernode ./who", 0, WHO_1),
    # variables, directories
    ("env FOO=bar mpirun -x FOO -np 2 printenv FOO", 0, ["bar", "bar"]),
    ("mpirun -x OMP_NUM_THREADS=3 -np 2 printenv OMP_NUM_THREADS", 0, ["3", "3"]),
    ("mpirun -np 1 -x A=1 -x B=2 sh -c 'echo $A $B'", 0, ["1 2"]),
    ("mpirun -wdir /usr -np 2 pwd", 0, ["/usr", "/usr"]),
    ("mpirun --wd / -np 1 pwd", 0, ["/"]),
    ("mpirun -np 1 -path /usr/bin printenv OMPI_COMM_WORLD_SIZE", 0, ["1"]),
    ("env OMPI_MCA_orte_tag_output=1 mpirun -np 2 echo a", 0,
     ["[1,0]<stdout>:a", "[1,1]<stdout>:a"]),
    ("mpirun -np 2 sh -c 'echo $OMPI_MCA_orte_ess_num_procs $OMPI_MCA_ess_base_vpid "
     "$OMPI_MCA_orte_num_nodes $OMPI_MCA_orte_bound_at_launch $OMPI_MCA_orte_app_num "
     "$OMPI_MCA_mpi_oversubscribe'", 0, ["2 0 1 1 0 0", "2 1 1 1 0 0"]),
    ("mpirun -wdir / -np 1 printenv OMPI_MCA_initial_wdir", 0, ["/"]),
    # MCA parameters
    ("mpirun --mca btl self,vader -np 2 ./who", 0, WHO_2),
    ("mpirun -np 2 --mca btl ^openib --mca btl_vader_single_copy_mechanism none ./who", 0, WHO_2),
    ("mpirun --mca plm_rsh_agent false -np 1 printenv OMPI_MCA_plm_rsh_agent", 0, ["false"]),
    ("mpirun -gmca mpi_abort_delay 1 -np 1 printenv OMPI_MCA_mpi_abort_delay", 0, ["1"]),
    # programs
    ("mpirun -np 1 echo first : -np 1 echo second", 0, ["first", "second"]),
    ("mpirun -np 1 -x A=1 printenv A : -np 1 -x A=2 printenv A", 0, ["1", "2"]),
    ("mpirun --oversubscribe -np 1 ./who : -np 2 ./who", 0, WHO_3),
    ("mpirun --oversubscribe --app appfile", 0, ["first", "second", "second"]),
    ("echo text | mpirun -np 2 sh -c 'cat; true'", 0, ["text"]),
    # how they end
    ("mpirun -np 2 true", 0, []),
    ("mpirun -np 1 false", 1, []),
    ("mpirun -np 2 sh -c 'exit 3'", 3, []),
    ("mpirun -np 1 sh -c 'kill -9 $$'", 137, []),
    ("mpirun -np 1 sh -c 'kill -TERM $$'", 143, []),
    # mpi4py
    ("mpirun -np 2 python3 sum.py", 0, ["3 of 2", "3 of 2"]),
    ("mpiexec -n 2 python3 -m mpi4py sum.py", 0, ["3 of 2", "3 of 2"]),
    ("mpiexec -n 2 python3 -m mpi4py fails.py", 1, []),
    ("mpiexec -n 2 python3 -m mpi4py.run sum.py", 0, ["3 of 2", "3 of 2"]),
    ("mpiexec -n 2 python3 -m mpi4py -m sum", 0, ["3 of 2", "3 of 2"]),
    ("mpiexec -n 2 python3 -m mpi4py -c 'from mpi4py import MPI; print(MPI.COMM_WORLD.size)'", 0,
     ["2", "2"]),
    ("mpiexec -n 2 python3 -m mpi4py exits.py", 5, []),
    ("mpiexec --oversubscribe -n 4 python3 -m mpi4py.bench helloworld", 0,
     [f"Hello, World! I am process {rank} of 4 on w1." for rank in range(4)]),
    ("mpirun --oversubscribe -n 3 python3 -m mpi4py.futures pool.py", 0, ["[0, 1, 4, 9]"]),
    ("mpirun --oversubscribe -n 3 python3 -m mpi4py.futures fails_in_pool.py", 1, []),
]

HYDRA = [
    ("mpiexec.hydra ./who", 0, WHO_1),
    ("mpiexec.hydra -n 4 ./who", 0, WHO_4),
    ("mpiexec.hydra -np 4 ./who", 0, WHO_4),
    ("mpiexec.hydra --np=3 ./who", 0, WHO_3),
    ("mpiexec.hydra -NP 2 ./who", 0, WHO_2),
    ("mpiexec.hydra -ppn 2 -n 2 ./who", 0, WHO_2),
    ("mpiexec.hydra -hosts localhost -n 3 ./who", 0, WHO_3),
    ("mpiexec.hydra -hosts localhost:2 ./who", 0, WHO_2),
    ("mpiexec.hydra -f machines -n 4 ./who", 0, WHO_4),
    ("mpiexec.hydra -machinefile machines ./who", 0, WHO_4),
    ("env HYDRA_HOST_FILE=machines mpiexec.hydra -n 3 ./who", 0, WHO_3),
    ("mpiexec.hydra -genv A 1 -n 2 printenv A", 0, ["1", "1"]),
    ("mpiexec.hydra -genv A=1 -n 2 printenv A", 0, ["1", "1"]),
    ("mpiexec.hydra -n 1 -env A 1 printenv A : -n 1 -env A 2 printenv A", 0, ["1", "2"]),
    ("mpiexec.hydra -genvall -n 1 ./who", 0, WHO_1),
    ("env A=1 mpiexec.hydra -genvlist A,HOME -n 1 printenv A", 0, ["1"]),
    ("mpiexec.hydra -envall -n 2 ./who", 0, WHO_2),
    ("mpiexec.hydra -wdir /usr -n 2 pwd", 0, ["/usr", "/usr"]),
    ("mpiexec.hydra -configfile config", 0, ["first", "second", "second"]),
    ("mpiexec.hydra -bind-to none -n 2 ./who", 0, WHO_2),
    ("mpiexec.hydra -bind-to core -map-by core -n 2 ./who", 0, WHO_2),
    ("mpiexec.hydra -launcher fork -n 2 ./who", 0, WHO_2),
    ("mpiexec.hydra -disable-hostname-propagation -n 2 ./who", 0, WHO_2),
    ("mpiexec.hydra -map-by :OVERSUBSCRIBE -n 4 ./who", 0, WHO_4),
    ("mpiexec.hydra -n 1 ./who : -n 2 ./who", 0, WHO_3),
    ("mpiexec.hydra -usize 7 -n 2 ./who", 0, WHO_2),
    ("mpiexec.hydra -usize INFINITE -n 1 ./who", 0, WHO_1),
    ("mpiexec.hydra -n 1 false", 1, []),
    ("mpiexec.hydra -n 1 sh -c 'exit 3'", 3, []),
]
