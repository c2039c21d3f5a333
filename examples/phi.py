#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pi by Leibniz' series: a master hands out slices, workers add them up.

    vrun -n 8 python3 phi.py [RANKS]

The master (rank 0) sends a slice's number with the tag WORK to whoever asks next; answers come
from any source. So fast ranks do more, and the last lines show who did how many.
"""

import math
import sys

import numpy
from mpi4py import MPI

SLICES, SLICE_SIZE = 128, 1_000_000
WORK, RESULT, STOP = 1, 2, 3

world = MPI.COMM_WORLD


def slice_sum(number):
    """The part of 4 - 4/3 + 4/5 - ... that belongs to this slice."""
    k = numpy.arange(number * SLICE_SIZE, (number + 1) * SLICE_SIZE, dtype=numpy.float64)
    terms = 4.0 / (2.0 * k + 1.0)
    return float(terms[0::2].sum() - terms[1::2].sum())


def work():
    while True:
        status = MPI.Status()
        number = world.recv(source=0, tag=MPI.ANY_TAG, status=status)
        if status.tag == STOP:
            return
        world.send(slice_sum(number), dest=0, tag=RESULT)


def master():
    """Pi, and how many slices each rank did."""
    waiting = list(range(SLICES))
    done = {rank: 0 for rank in range(1, world.size)}
    pi = 0.0
    if world.size == 1:
        return sum(map(slice_sum, waiting)), {0: SLICES}

    def next_for(rank):
        if waiting:
            world.send(waiting.pop(), dest=rank, tag=WORK)
        else:
            world.send(None, dest=rank, tag=STOP)

    for rank in done:
        next_for(rank)
    status = MPI.Status()
    for _ in range(SLICES):
        pi += world.recv(source=MPI.ANY_SOURCE, tag=RESULT, status=status)
        done[status.source] += 1
        next_for(status.source)
    return pi, done


def main():
    if len(sys.argv) > 1 and int(sys.argv[1]) != world.size:
        sys.exit(f"asked for {sys.argv[1]} ranks, but the job has {world.size}")
    hosts = world.gather(MPI.Get_processor_name())
    if world.rank != 0:
        return work()
    pi, done = master()
    print(f"pi is {pi:.9f}, off by {abs(pi - math.pi):.1e}, from {world.size} ranks")
    print(f"rank  0 on {hosts[0]}: master")
    for rank, slices in done.items():
        print(f"rank {rank:2} on {hosts[rank]}: {slices} slices")
    wrong = abs(pi - math.pi) > 1e-7 or sum(done.values()) != SLICES
    return sys.exit("that is not pi") if wrong else None


main()
