// Run by mpirun: every rank works off bundles of random length through the hand-out; rank 0 checks what all did.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <random>
#include <string_view>
#include <thread>
#include <utility>

#include <mpi.h>

#include "shards/handout/handout.hpp"
#include "tests/support/mpi_ranks.hpp"

namespace {

using namespace litebench::handout;
using Clock = std::chrono::steady_clock;

int failures = 0;

void check(bool right, std::string_view what) {
  if (right) return;
  ++failures;
  std::fprintf(stderr, "FAILED: %.*s\n", static_cast<int>(what.size()), what.data());
}

struct Done {
  std::uint32_t index;
  double begin, end;
};

double now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

std::vector<WorkItem> make_items(std::uint32_t count, std::uint32_t of_phase1) {
  std::vector<WorkItem> items;
  for (std::uint32_t i = 0; i < count; ++i) {
    items.push_back({i, 0.001 * (1 + i % 5), static_cast<std::uint8_t>(i < of_phase1 ? 1 : 0)});
  }
  return items;
}

std::vector<Done> work(Handout& handout, int rank, double mean_ms,
                       const std::function<void(std::size_t)>& after = {}) {
  std::mt19937 random(static_cast<unsigned>(rank));
  std::exponential_distribution<double> length(1 / mean_ms);
  std::vector<Done> mine;
  while (const auto index = handout.next()) {
    const double begin = now();
    if (mean_ms > 0.05)
      std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(length(random)));
    mine.push_back({*index, begin, now()});
    handout.done(*index, mine.back().end - begin);
    if (after) after(mine.size());
  }
  return mine;
}

std::vector<Done> gather(const std::vector<Done>& mine, int ranks) {
  const int bytes = static_cast<int>(mine.size() * sizeof(Done));
  std::vector<int> sizes(static_cast<std::size_t>(ranks)), starts(sizes);
  MPI_Gather(&bytes, 1, MPI_INT, sizes.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  for (std::size_t r = 1; r < sizes.size(); ++r) starts[r] = starts[r - 1] + sizes[r - 1];
  std::vector<Done> all(static_cast<std::size_t>(starts.back() + sizes.back()) / sizeof(Done));
  MPI_Gatherv(mine.data(), bytes, MPI_BYTE, all.data(), sizes.data(), starts.data(), MPI_BYTE, 0,
              MPI_COMM_WORLD);
  return all;
}

bool each_once(const std::vector<Done>& all, std::uint32_t count) {
  std::vector<int> times(count);
  for (const Done& done : all) ++times.at(done.index);
  return std::all_of(times.begin(), times.end(), [](int t) { return t == 1; });
}

void every_bundle_once(int rank, int ranks, std::uint32_t count, double mean_ms) {
  Progress last;
  auto handout = make_mpi(rank == 0 ? make_items(count, 0) : std::vector<WorkItem>{},
                          [&](const Progress& progress) { last = progress; });
  const std::vector<Done> mine = work(*handout, rank, mean_ms);
  const std::vector<RankReport> reports = handout->finish();
  const std::vector<Done> all = gather(mine, ranks);
  if (rank != 0) return;
  check(each_once(all, count), "every bundle exactly once");
  check(last.done == count || count == 0, "progress ends with all bundles done");
  check(std::cmp_equal(reports.size(), ranks), "a report per rank");
  std::uint64_t bundles = 0;
  for (const RankReport& report : reports) {
    bundles += report.bundles;
    check(report.reported, "every rank came to the end");
    check(report.end_idle_seconds >= 0 && report.waited_seconds >= 0, "idle times are measured");
    std::printf("  rank %u: %lu bundles, busy %.3f s, waited %.3f s, idle at the end %.3f s\n",
                report.rank, static_cast<unsigned long>(report.bundles), report.busy_seconds,
                report.waited_seconds, report.end_idle_seconds);
  }
  check(bundles == count, "the reports count every bundle");
}

void latency_after_accuracy(int rank, int ranks) {
  constexpr std::uint32_t kCount = 60;
  constexpr std::uint32_t kLatency = 12;
  MpiOptions options;
  options.takes_phase1 = rank % 2 == 0;
  auto handout =
      make_mpi(rank == 0 ? make_items(kCount, kLatency) : std::vector<WorkItem>{}, {}, options);
  const std::vector<Done> mine = work(*handout, rank, 3.0);
  handout->finish();
  if (!options.takes_phase1) {
    for (const Done& done : mine)
      check(done.index >= kLatency, "ranks that take no latency bundle get none");
  }
  const std::vector<Done> all = gather(mine, ranks);
  if (rank != 0) return;
  check(each_once(all, kCount), "both phases are done once");
  double accuracy_end = 0;
  double latency_begin = 1e300;
  for (const Done& done : all) {
    if (done.index < kLatency)
      latency_begin = std::min(latency_begin, done.begin);
    else
      accuracy_end = std::max(accuracy_end, done.end);
  }
  check(accuracy_end <= latency_begin, "latency begins after the last accuracy bundle");
}

void stop_reaches_everybody(int rank, int ranks) {
  auto handout = make_mpi(rank == 0 ? make_items(100'000, 0) : std::vector<WorkItem>{}, {});
  const std::vector<Done> mine = work(*handout, rank, 2.0, [&](std::size_t done) {
    if (rank == ranks - 1 && done == 5) handout->stop();
  });
  handout->finish();
  const std::vector<Done> all = gather(mine, ranks);
  if (rank == 0)
    check(all.size() < 500 && all.size() >= 5, "after a stop nobody begins another bundle");
}

void silent_rank_is_given_up(int rank, int ranks) {
  MpiOptions options;
  options.silence = std::chrono::milliseconds(700);
  auto handout = make_mpi(rank == 0 ? make_items(20, 0) : std::vector<WorkItem>{}, {}, options);
  work(*handout, rank, 1.0);
  if (rank == 1) std::this_thread::sleep_for(std::chrono::seconds(3));
  const double begin = now();
  const std::vector<RankReport> reports = handout->finish();
  check(now() - begin < 2.5, "nobody waits for a silent rank beyond the deadline");
  if (rank == 0 && ranks > 1)
    check(!reports[1].reported && reports[0].reported, "the silent rank is named");
  MPI_Barrier(MPI_COMM_WORLD);
}

void bundles_of_a_hung_rank_are_repeated(int rank, int ranks) {
  constexpr std::uint32_t kCount = 40;
  MpiOptions options;
  options.overdue = std::chrono::milliseconds(300);
  auto handout = make_mpi(rank == 0 ? make_items(kCount, 0) : std::vector<WorkItem>{}, {}, options);
  const double begin = now();
  const std::vector<Done> mine = work(*handout, rank, 2.0, [&](std::size_t) {
    if (rank == ranks - 1 && now() - begin < 3)
      std::this_thread::sleep_for(std::chrono::seconds(4));
  });
  const std::vector<RankReport> reports = handout->finish();
  if (rank != ranks - 1) check(now() - begin < 3.5, "the others end without the hung rank");
  const std::vector<Done> all = gather(mine, ranks);
  if (rank != 0) return;
  std::vector<int> times(kCount);
  for (const Done& done : all) ++times.at(done.index);
  check(std::all_of(times.begin(), times.end(), [](int t) { return t >= 1; }),
        "every bundle is done");
  check(std::count_if(times.begin(), times.end(), [](int t) { return t > 1; }) <= 3,
        "and few of them twice");
  check(reports.back().others_lost && !reports.back().reported, "the hung rank is named");
  std::uint64_t bundles = 0;
  for (const RankReport& report : reports) bundles += report.bundles;
  check(bundles == kCount, "the reports count every bundle once");
}

}  // namespace

int main(int argc, char** argv) {
  const litebench::test::MpiRanks mpi(&argc, &argv);
  const int rank = mpi.rank, ranks = mpi.ranks;
  every_bundle_once(rank, ranks, 150, 4.0);
  every_bundle_once(rank, ranks, 20'000, 0);
  every_bundle_once(rank, ranks, 2, 1.0);
  every_bundle_once(rank, ranks, 0, 1.0);
  latency_after_accuracy(rank, ranks);
  stop_reaches_everybody(rank, ranks);
  silent_rank_is_given_up(rank, ranks);
  if (ranks > 1) bundles_of_a_hung_rank_are_repeated(rank, ranks);
  MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  return failures == 0 ? 0 : 1;
}
