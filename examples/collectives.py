#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collective operations on NumPy arrays, each against the exact answer.

    vrun -n 4 python3 collectives.py [RANKS]
"""

import sys

import numpy
from mpi4py import MPI

COUNT = 10_000  # elements per rank
world = MPI.COMM_WORLD
rank, size = world.rank, world.size


def block(owner):
    """The elements that belong to one rank."""
    return numpy.arange(owner * COUNT, (owner + 1) * COUNT, dtype=numpy.int64)


def bcast():
    data = block(0) if rank == 0 else numpy.empty(COUNT, dtype=numpy.int64)
    world.Bcast(data)
    return data, block(0)


def scatter():
    everything = numpy.arange(size * COUNT, dtype=numpy.int64) if rank == 0 else None
    mine = numpy.empty(COUNT, dtype=numpy.int64)
    world.Scatter(everything, mine)
    return mine, block(rank)


def gather():
    everything = numpy.empty(size * COUNT, dtype=numpy.int64) if rank == 0 else None
    world.Gather(block(rank), everything)
    expected = numpy.arange(size * COUNT, dtype=numpy.int64)
    return (everything, expected) if rank == 0 else (expected, expected)


def allreduce():
    total = numpy.empty(COUNT, dtype=numpy.int64)
    world.Allreduce(block(rank), total, op=MPI.SUM)
    return total, sum(block(other) for other in range(size))


def alltoall():
    sent = numpy.array([rank * size + other for other in range(size)], dtype=numpy.int64)
    got = numpy.empty(size, dtype=numpy.int64)
    world.Alltoall(sent, got)
    return got, numpy.array([other * size + rank for other in range(size)], dtype=numpy.int64)


if len(sys.argv) > 1 and int(sys.argv[1]) != size:
    sys.exit(f"asked for {sys.argv[1]} ranks, but the job has {size}")
wrong = []
for operation in (bcast, scatter, gather, allreduce, alltoall):
    answer, expected = operation()
    right = world.allreduce(bool(numpy.array_equal(answer, expected)), op=MPI.LAND)
    if not right:
        wrong.append(operation.__name__)
    if rank == 0:
        print(f"{operation.__name__} of {size} ranks: {'right' if right else 'WRONG'}", flush=True)
sys.exit(f"wrong: {', '.join(wrong)}" if wrong else 0)
