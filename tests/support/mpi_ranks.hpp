#pragma once
// A test program's life under mpirun.

#include <mpi.h>

namespace litebench::test {

/// MPI with threads from construction to destruction.
struct MpiRanks {
  MpiRanks(int* argc, char*** argv) {
    int level = 0;
    MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  }
  ~MpiRanks() { MPI_Finalize(); }
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;

  int rank = 0, ranks = 1;
};

}  // namespace litebench::test
