// handout_replay TIMINGS [BUNDLES [SPEED]], under mpirun: real ranks sleep through recorded bundles that they get from the
// real hand-out, and the simulation says what it expected of the same bundles. SPEED divides all lengths. Ends with 1 when
// the two ends lie more than 2 % apart, or the idle shares more than one point.

#include <chrono>
#include <cstdlib>
#include <thread>

#include <fmt/core.h>
#include <mpi.h>

#include "shards/handout/simulation.hpp"
#include "tests/bench/handout/timings.hpp"
#include "tests/support/mpi_ranks.hpp"
#include "tests/support/ratios.hpp"

namespace {

using namespace litebench;

/// This rank's end, seconds after `begin`; on rank 0 the reports of all.
std::vector<handout::RankReport> sleep_through(const bench::Timings& timings, int rank,
                                               double& end) {
  const auto begin = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return handout::Seconds(std::chrono::steady_clock::now() - begin).count();
  };
  const auto handout =
      handout::make_mpi(rank == 0 ? timings.items : std::vector<handout::WorkItem>{}, {});
  while (const auto index = handout->next()) {
    const double before = elapsed();
    std::this_thread::sleep_for(handout::Seconds(timings.seconds[*index]));
    end = elapsed();
    handout->done(*index, end - before);
  }
  return handout->finish();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const test::MpiRanks mpi(&argc, &argv);
  const int rank = mpi.rank, ranks = mpi.ranks;
  bench::Timings timings = bench::resampled(bench::read_timings(argv[1]),
                                            argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 300);
  const double speed =
      argc > 3 ? std::atof(argv[3]) : 8.0 / ranks;  // some forty seconds at any number of ranks
  for (double& one : timings.seconds) one /= speed;

  MPI_Barrier(MPI_COMM_WORLD);
  double end = 0, last = 0;
  handout::SimulatedRun real;
  real.reports = sleep_through(timings, rank, end);
  MPI_Allreduce(&end, &last, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  real.seconds = last;
  if (rank != 0) return 0;
  const auto simulated =
      handout::simulate(timings.items, timings.seconds, static_cast<std::uint32_t>(ranks));
  test::Ratios ratios(fmt::format("handout_replay_{}", ranks),
                      fmt::format("{} recorded bundles slept through by {} ranks, load {}",
                                  timings.items.size(), ranks, test::load()));
  ratios.add("end of the run, real / simulated", real.seconds / simulated.seconds, 0.98, 1.02);
  ratios.add("share idle at the end, real", real.end_idle());
  ratios.add("real less simulated", real.end_idle() - simulated.end_idle(), -0.01, 0.01);
  ratios.add("share waiting before, real", real.idle() - real.end_idle());
  return ratios.finish();
}
