// Run by mpirun with 3 ranks: the session knows its ranks, and its end does not wait for a rank that does not come.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <mpi.h>

#include "harness/launch/session.hpp"

int main() {
  using namespace std::chrono_literals;
  using litebench::launch::Session;
  Session session;
  int failures = 0;
  const auto check = [&](bool right, const char* what) {
    if (right) return;
    ++failures;
    std::fprintf(stderr, "FAILED on rank %d: %s\n", session.rank(), what);
  };
  check(session.size() == 3 && session.local_size() == 3, "three ranks on one node");
  check(session.local_rank() == session.rank(), "node-local rank");
  check(session.rank() == std::atoi(std::getenv("OMPI_COMM_WORLD_RANK")), "the launcher's rank");
  check(session.thread_multiple(), "threads may call MPI");
  check(session.broadcast(session.rank() == 0 ? "attempt" : "") == "attempt", "text of rank 0");
  check(session.meet(session.rank() == 1 ? 3 : 0, 10s) == 3, "everybody ends with the largest code");

  if (session.rank() == 2) std::this_thread::sleep_for(2s);
  const auto begin = std::chrono::steady_clock::now();
  const int code = session.meet(0, 500ms);
  const auto waited = std::chrono::steady_clock::now() - begin;
  check(waited < 1500ms, "the end has a deadline");
  check(session.rank() == 2 || (code == 3 && session.others_lost()), "a missing rank makes the run incomplete");
  // In this test the late rank did arrive, so MPI can end in the regular way, which keeps mpirun from calling it a failure.
  if (session.others_lost()) MPI_Finalize();
  return failures == 0 ? 0 : 1;
}
