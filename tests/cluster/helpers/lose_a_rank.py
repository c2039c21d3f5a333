# SPDX-License-Identifier: Apache-2.0
"""Rank 1 is killed in the middle of an MPI program; the others, which need nothing of it, go on to
the end of MPI."""

import os
import signal
import time

from mpi4py import MPI

world = MPI.COMM_WORLD
rank = world.Get_rank()
world.Barrier()
if rank == 1:
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(1)
MPI.Finalize()
print("finalized", rank, flush=True)
