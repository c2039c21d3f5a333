#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every rank says who and where it is.   vrun -n 4 python3 hello.py [RANKS]"""

import sys

from mpi4py import MPI

world = MPI.COMM_WORLD
print(f"rank {world.rank} of {world.size} on {MPI.Get_processor_name()}", flush=True)
if len(sys.argv) > 1 and int(sys.argv[1]) != world.size:
    sys.exit(f"asked for {sys.argv[1]} ranks, but the job has {world.size}")
