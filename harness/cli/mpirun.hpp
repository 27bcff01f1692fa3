#pragma once
// What mpirun needs on this machine to start litebench-run.

#include <string>
#include <vector>

#include "harness/cli/command.hpp"

namespace litebench::cli {

/// Arguments of mpirun (without its own name): ranks, binding, keepalive, `extra` handed through,
/// then the program and its arguments.
Arguments mpirun_arguments(int ranks, const Arguments& extra, const Arguments& program);

/// Sets what Open MPI and LibTorch want in the environment.
void set_mpi_environment(int ranks);

}  // namespace litebench::cli
