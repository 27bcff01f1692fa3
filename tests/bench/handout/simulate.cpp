// simulate TIMINGS: the end of runs on 2 to 4,096 ranks and the load of their coordinator, in made-up time with the
// run's own hand-out and recorded bundles. Idle time stands beside that of the offline schedule that knows every length
// beforehand. Ends with 1 when bundles on 2 ranks leave more than 2 % idle at the end, when the end is more than half a
// point idler than the schedule where each rank has twenty bundles or more, or when the coordinator's thread is busy for half
// of the time or more.

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "shards/handout/scheduler.hpp"
#include "shards/handout/simulation.hpp"
#include "tests/bench/handout/timings.hpp"
#include "tests/support/ratios.hpp"

namespace {

using namespace litebench;

/// Idle share of a schedule that does the bundles in the order in which a run grants them (by predicted cost), each to
/// the rank that is free first and at no cost: what can be had without knowing lengths.
double in_order_idle(const bench::Timings& timings, std::uint32_t ranks, double sum) {
  std::vector<double> seconds;
  for (const handout::WorkItem& item : handout::static_part(timings.items, 0, 1))
    seconds.push_back(timings.seconds[item.index]);
  return 1 - sum / (ranks * handout::in_order_seconds(seconds, ranks));
}

struct Ratio {
  std::string name;
  double value;
  std::optional<double> most;
};

/// Prints one line of the table; what it adds to `ratios`.
void report(std::vector<Ratio>& ratios, const bench::Timings& timings, std::uint32_t ranks) {
  const handout::SimulatedRun run = handout::simulate(timings.items, timings.seconds, ranks);
  const double sum = std::accumulate(timings.seconds.begin(), timings.seconds.end(), 0.0);
  const double bound = handout::longest_first_seconds(timings.seconds, ranks);
  const double bound_idle = 1 - sum / (ranks * bound);
  const double desk =
      1e6 * run.desk_seconds / static_cast<double>(std::max<std::uint64_t>(1, run.messages));
  fmt::print(
      "{:>6} {:>9} {:>10.1f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>11.1f} {:>9.2f} {:>9.2f} "
      "{:>9.2f}\n",
      ranks, timings.items.size(), run.seconds, 100 * run.end_idle(), 100 * bound_idle,
      100 * in_order_idle(timings, ranks, sum), 100 * (run.idle() - run.end_idle()),
      static_cast<double>(run.messages) / run.seconds, 100 * run.coordinator_busy, desk,
      1e3 * run.worst_decision);
  const std::string name = fmt::format("{} ranks, {} bundles: ", ranks, timings.items.size());
  const bool many = timings.items.size() >= 20 * std::size_t{ranks};
  ratios.push_back({name + "idle, beyond offline", run.end_idle() - bound_idle,
                    many ? std::optional(0.005) : std::nullopt});
  ratios.push_back({name + "coordinator busy", run.coordinator_busy, 0.5});
  if (ranks == 2) ratios.push_back({name + "idle at the end", run.end_idle(), 0.02});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const bench::Timings recorded = bench::read_timings(argv[1]);
  fmt::print("recorded bundles {}, {:.3f} s on average\n", recorded.items.size(),
             std::accumulate(recorded.seconds.begin(), recorded.seconds.end(), 0.0) /
                 static_cast<double>(recorded.seconds.size()));
  fmt::print("{:>6} {:>9} {:>10} {:>9} {:>9} {:>9} {:>9} {:>11} {:>9} {:>9} {:>9}\n", "ranks",
             "bundles", "seconds", "end idle", "offline", "in order", "waiting", "messages/s",
             "busy", "decision", "worst");
  fmt::print("{:>6} {:>9} {:>10} {:>9} {:>9} {:>9} {:>9} {:>11} {:>9} {:>9} {:>9}\n", "", "", "",
             "%", "%", "%", "%", "", "%", "us", "ms");
  std::vector<Ratio> shares;
  report(shares, bench::resampled(recorded, 300), 2);
  for (const std::uint32_t ranks : {2U, 8U, 16U, 64U})
    report(shares, bench::resampled(recorded, 10'000), ranks);
  for (const std::uint32_t ranks : {256U, 1024U, 4096U}) {
    for (const std::size_t each : {std::size_t{5}, std::size_t{40}})
      report(shares, bench::resampled(recorded, each * ranks), ranks);
  }
  test::Ratios ratios(
      "handout_simulate",
      fmt::format("recorded pocket bundles drawn again, shares of the run, load {}", test::load()));
  for (const Ratio& one : shares) ratios.add(one.name, one.value, {}, one.most);
  return ratios.finish();
}
