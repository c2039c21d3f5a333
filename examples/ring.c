// SPDX-License-Identifier: Apache-2.0
// A number goes once around all ranks, each adds its own.   vrun -n 4 ./ring [RANKS]
// Rank 0 prints the sum; the exit code is not 0 if it is wrong, or the job has not RANKS ranks.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    MPI_Init(&argc, &argv);
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const int next = (rank + 1) % size, previous = (rank + size - 1) % size;
    long sum = 0;
    MPI_Request sent;
    if (rank != 0) MPI_Recv(&sum, 1, MPI_LONG, previous, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    long passed = sum + rank;
    MPI_Isend(&passed, 1, MPI_LONG, next, 0, MPI_COMM_WORLD, &sent);
    if (rank == 0) MPI_Recv(&sum, 1, MPI_LONG, previous, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Wait(&sent, MPI_STATUS_IGNORE);

    int wrong = argc > 1 && atoi(argv[1]) != size;
    if (rank == 0) {
        const long expected = (long)size * (size - 1) / 2;
        printf("ring of %d ranks: sum %ld, expected %ld\n", size, sum, expected);
        wrong = wrong || sum != expected;
    }
    MPI_Finalize();
    return wrong;
}
