// The hand-out with a model that does nothing, and its answers while rank 0 computes. Run under mpirun.

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <mpi.h>

#include "shards/handout/handout.hpp"
#include "tests/support/mpi_ranks.hpp"
#include "tests/support/ratios.hpp"

namespace {

using namespace litebench::handout;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double cpu_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void compute(double seconds) {
  for (const auto begin = Clock::now(); seconds_since(begin) < seconds;) {
  }
}

std::vector<WorkItem> items(std::uint32_t count) {
  std::vector<WorkItem> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back({i, 1.0, 0});
  return all;
}

/// Bundles per second of all ranks when a bundle takes no time.
double empty_bundles_per_second(Handout& handout, std::uint32_t count) {
  const auto begin = Clock::now();
  while (const auto index = handout.next()) handout.done(*index, 1e-6);
  handout.finish();
  return count / seconds_since(begin);
}

/// Grants per second when every bundle is told to have taken longer than a grant may hold: one question for each.
double single_grants_per_second(Handout& handout, std::uint32_t count) {
  const auto begin = Clock::now();
  while (const auto index = handout.next()) handout.done(*index, 1);
  handout.finish();
  return count / seconds_since(begin);
}

/// Seconds of every next() while bundles take `length`.
std::vector<double> answer_times(Handout& handout, double length) {
  std::vector<double> times;
  for (;;) {
    const auto begin = Clock::now();
    const auto index = handout.next();
    if (!index) break;
    times.push_back(seconds_since(begin));
    compute(length);
    handout.done(*index, length);
  }
  handout.finish();
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  const litebench::test::MpiRanks mpi(&argc, &argv);
  const int rank = mpi.rank, ranks = mpi.ranks;
  constexpr std::uint32_t kEmpty = 200'000;
  const auto given = [&](std::uint32_t count) {
    return rank == 0 ? items(count) : std::vector<WorkItem>{};
  };

  const double local = empty_bundles_per_second(*make_local(items(kEmpty), {}), kEmpty);
  MPI_Barrier(MPI_COMM_WORLD);
  const double shared = empty_bundles_per_second(*make_mpi(given(kEmpty), {}), kEmpty);

  constexpr std::uint32_t kSingle = 20'000;
  MPI_Barrier(MPI_COMM_WORLD);
  const double single = single_grants_per_second(*make_mpi(given(kSingle), {}), kSingle);

  constexpr double kLength = 0.01;
  const auto handout = make_mpi(given(static_cast<std::uint32_t>(400 * ranks)), {});
  const double thread_before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  const double process_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto begin = Clock::now();
  const std::vector<double> times = answer_times(*handout, kLength);
  const double helper = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - process_before -
                        (cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - thread_before);
  const double wall = seconds_since(begin);
  double p99 = times.empty() ? 0 : times[times.size() * 99 / 100], slowest = 0;
  MPI_Reduce(&p99, &slowest, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
  if (rank != 0) return 0;

  // More ranks than cores wait for one another's cores, whatever the hand-out does.
  const bool cores = static_cast<unsigned>(ranks) <= std::thread::hardware_concurrency();
  const auto asked = [&](double most) { return cores ? std::optional(most) : std::nullopt; };
  constexpr double kTarget = 10'000;
  litebench::test::Ratios ratios(fmt::format("handout_{}", ranks),
                                 fmt::format("{} ranks, load {}", ranks, litebench::test::load()));
  ratios.add("empty bundles per second / 10,000", shared / kTarget, 1);
  ratios.add("grants per second, one bundle each / 10,000", single / kTarget, 1);
  ratios.add("empty bundles, coordinator / a loop in one process", shared / local);
  ratios.add("bundles of 10 ms: 99th percentile of next() / 5 ms", slowest / 5e-3, {}, asked(1));
  ratios.add("share of a core for the coordinator's thread", helper / wall, {}, asked(0.005));
  return ratios.finish();
}
