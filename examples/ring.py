#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A list goes once around all ranks, each appends itself.   vrun -n 4 python3 ring.py [RANKS]"""

import sys

from mpi4py import MPI

world = MPI.COMM_WORLD
if len(sys.argv) > 1 and int(sys.argv[1]) != world.size:
    sys.exit(f"asked for {sys.argv[1]} ranks, but the job has {world.size}")

following, previous = (world.rank + 1) % world.size, (world.rank - 1) % world.size
if world.rank == 0:
    sending = world.isend([0], following)
    visited = world.recv(source=previous)
else:
    visited = world.recv(source=previous)
    sending = world.isend(visited + [world.rank], following)
sending.wait()

if world.rank == 0:
    print(f"visited {visited}", flush=True)
    if visited != list(range(world.size)):
        sys.exit("that is not every rank once, in order")
