/* Preloaded into a process: its MPI grants MPI_THREAD_FUNNELED whatever is asked for. */

#include <mpi.h>

int MPI_Init_thread(int* argc, char*** argv, int required, int* provided) {
  (void)required;
  return PMPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, provided);
}
