// SPDX-License-Identifier: Apache-2.0
// Every rank says who and where it is.   vrun -n 4 ./hello [RANKS]
// With RANKS it fails unless the job has that many: a rank that was started alone is a job of one.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    MPI_Init(&argc, &argv);
    int rank, size, length;
    char host[MPI_MAX_PROCESSOR_NAME];
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Get_processor_name(host, &length);
    printf("rank %d of %d on %s\n", rank, size, host);
    MPI_Finalize();
    return argc > 1 && atoi(argv[1]) != size;
}
