// SPDX-License-Identifier: Apache-2.0
// Every rank talks with every other one, pair by pair.   vrun -n 4 ./connectivity [RANKS]
// Finds networks on which ranks start but cannot reach each other; it then hangs or fails.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    MPI_Init(&argc, &argv);
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int good = 0;
    for (int distance = 1; distance < size; ++distance) {
        const int to = (rank + distance) % size, from = (rank + size - distance) % size;
        int got = -1;
        MPI_Sendrecv(&rank, 1, MPI_INT, to, distance, &got, 1, MPI_INT, from, distance,
                     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        good += got == from;
    }
    int all = 0;
    MPI_Allreduce(&good, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    const int expected = size * (size - 1);
    if (rank == 0) printf("connectivity of %d ranks: %d of %d paths work\n", size, all, expected);
    MPI_Finalize();
    return all != expected || (argc > 1 && atoi(argv[1]) != size);
}
