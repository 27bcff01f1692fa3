#include "shards/handout/simulation.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace litebench::handout {
namespace {

std::vector<WorkItem> items(std::size_t count, double cost = 1) {
  std::vector<WorkItem> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back({i, cost, 0});
  return all;
}

std::uint64_t bundles(const SimulatedRun& run) {
  std::uint64_t sum = 0;
  for (const RankReport& report : run.reports) sum += report.bundles;
  return sum;
}

TEST(Simulation, OfEqualBundlesEndsWithAllRanksAtOnce) {
  const std::vector<double> seconds(80, 0.5);
  const SimulatedRun run = simulate(items(80), seconds, 8);
  EXPECT_EQ(bundles(run), 80U);
  EXPECT_EQ(run.grants, 80U);         // each is longer than a grant may hold
  EXPECT_NEAR(run.seconds, 5, 0.02);  // ten rounds of half a second
  EXPECT_LT(run.end_idle(), 0.005);
  for (const RankReport& report : run.reports) EXPECT_NEAR(report.busy_seconds, 5, 1e-9);
}

TEST(Simulation, OfOneLongBundleLeavesTheOthersIdle) {
  std::vector<double> seconds(9, 1.0);
  seconds[4] = 8;  // nobody knows beforehand, but it is the fifth to be granted
  const SimulatedRun run = simulate(items(9), seconds, 2);
  // Four rounds of one second are 2 + 2 bundles; then one rank is at the long one and the other does the four left.
  EXPECT_NEAR(run.seconds, 2 + 8, 0.02);
  EXPECT_NEAR(run.end_idle(), (10.0 - 6.0) / 20, 0.002);
}

TEST(Simulation, ComesNearTheOfflineScheduleWhenCostsAreKnown) {
  std::mt19937 random(7);
  std::lognormal_distribution<double> length(-1, 0.5);
  std::vector<double> seconds(300);
  std::vector<WorkItem> known = items(300);
  for (std::uint32_t i = 0; i < seconds.size(); ++i) known[i].cost = seconds[i] = length(random);
  const double sum = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  for (const std::uint32_t ranks : {2U, 5U, 15U}) {  // twenty bundles each and more
    const double bound = longest_first_seconds(seconds, ranks);
    const SimulatedRun run = simulate(known, seconds, ranks);
    EXPECT_EQ(bundles(run), 300U);
    EXPECT_GE(run.seconds,
              std::max(sum / ranks, *std::max_element(seconds.begin(), seconds.end())));
    EXPECT_LT(run.seconds, 1.02 * bound) << ranks;
  }
}

TEST(Simulation, DoesLatencyBundlesAfterAllOthersOnOneRankOfADevice) {
  std::vector<WorkItem> both = items(40);
  for (std::size_t i = 30; i < both.size(); ++i) both[i].phase = 1;
  const std::vector<double> seconds(40, 0.1);
  SimulatedMachine machine;
  machine.ranks_per_device = 4;
  const SimulatedRun run = simulate(both, seconds, 4, machine);
  EXPECT_EQ(bundles(run), 40U);
  EXPECT_NEAR(run.seconds, 0.8 + 1.0,
              0.02);  // eight rounds of four (the last of two), ten by one alone
  EXPECT_GE(run.reports[0].bundles, 10U + 7U);
}

TEST(Simulation, BatchesBundlesThatAreShorterThanAQuestion) {
  const std::vector<double> seconds(100'000, 1e-5);
  const SimulatedRun run = simulate(items(100'000), seconds, 4);
  EXPECT_EQ(bundles(run), 100'000U);
  EXPECT_LT(run.grants, 5'000U);
}

TEST(Simulation, OfThousandsOfRanksKeepsThemBusy) {
  std::mt19937 random(3);
  std::lognormal_distribution<double> length(0, 0.3);
  std::vector<double> seconds(4096 * 20);
  for (double& one : seconds) one = length(random);
  const SimulatedRun run = simulate(items(seconds.size()), seconds, 4096);
  EXPECT_EQ(bundles(run), seconds.size());
  EXPECT_LT(run.coordinator_busy, 0.5);
  EXPECT_LT(run.idle() - run.end_idle(), 0.02);  // nobody waits for answers
}

TEST(LongestFirst, IsTheTextbookSchedule) {
  // 7 6 5 4 3 on two machines: 7+4+3 and 6+5, Graham 1969
  EXPECT_DOUBLE_EQ(longest_first_seconds({3, 7, 5, 4, 6}, 2), 14);
  EXPECT_DOUBLE_EQ(longest_first_seconds({1}, 5), 1);
  EXPECT_DOUBLE_EQ(longest_first_seconds({}, 5), 0);
}

}  // namespace
}  // namespace litebench::handout
