// The hand-out with a model that does nothing, and its answers while rank 0 computes. Run under mpirun.

#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

#include <fmt/core.h>
#include <mpi.h>

#include "shards/handout/handout.hpp"
#include "tests/support/mpi_ranks.hpp"

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
  if (rank == 0) {
    fmt::print(
        "{} ranks, empty bundles: {:.0f} bundles/s through the coordinator, {:.4f} of a loop in "
        "one process\n",
        ranks, shared, shared / local);
  }

  constexpr std::uint32_t kSingle = 20'000;
  MPI_Barrier(MPI_COMM_WORLD);
  const double single = single_grants_per_second(*make_mpi(given(kSingle), {}), kSingle);
  constexpr double kTarget = 10'000;
  if (rank == 0) {
    fmt::print(
        "  one bundle a grant: {:.0f} grants/s; of the {:.0f} bundles/s wanted {:.2f} one by one, "
        "{:.2f} in batches\n",
        single, kTarget, single / kTarget, shared / kTarget);
  }

  constexpr double kLength = 0.01;
  const auto handout = make_mpi(given(static_cast<std::uint32_t>(100 * ranks)), {});
  const double thread_before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  const double process_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto begin = Clock::now();
  const std::vector<double> times = answer_times(*handout, kLength);
  const double helper = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - process_before -
                        (cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - thread_before);
  const double wall = seconds_since(begin);
  for (int r = 0; r < ranks; ++r) {
    MPI_Barrier(MPI_COMM_WORLD);
    if (r != rank || times.empty()) continue;
    fmt::print(
        "  rank {}: {} bundles of 10 ms, next() median {:.1f} us, p99 {:.1f} us, worst {:.1f} us; "
        "other threads used "
        "{:.2f} % of a core\n",
        rank, times.size(), 1e6 * times[times.size() / 2], 1e6 * times[times.size() * 99 / 100],
        1e6 * times.back(), 100 * helper / wall);
  }
  return rank != 0 || shared >= kTarget ? 0 : 1;
}
