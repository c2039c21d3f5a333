// SPDX-License-Identifier: Apache-2.0
// One rank ends the whole job.   vrun -n 4 ./abort RANK CODE;   vrun then exits with CODE
// The others wait for a message that never comes, as real programs do.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: abort RANK CODE\n");
        return 2;
    }
    MPI_Init(&argc, &argv);
    int rank, nothing;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == atoi(argv[1])) MPI_Abort(MPI_COMM_WORLD, atoi(argv[2]));
    MPI_Recv(&nothing, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Finalize();
    return 0;
}
