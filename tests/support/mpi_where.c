// SPDX-License-Identifier: Apache-2.0
// One line per rank: "rank R of S, N here". A rank that became a job of its own says "of 1".
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
    MPI_Init(&argc, &argv);
    int rank, size, here, sum = 0;
    MPI_Comm node;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &here);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (sum != size * (size - 1) / 2) return 3;
    printf("rank %d of %d, %d here\n", rank, size, here);
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "leave") == 0 && rank == size - 1) _Exit(0);
    if (argc > 2 && strcmp(argv[1], "abort") == 0 && rank == size - 1)
        MPI_Abort(MPI_COMM_WORLD, atoi(argv[2]));
    MPI_Comm_free(&node);
    MPI_Finalize();
    return 0;
}
