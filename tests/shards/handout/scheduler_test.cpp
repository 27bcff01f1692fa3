#include "shards/handout/scheduler.hpp"

#include <algorithm>
#include <limits>
#include <queue>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace litebench::handout {
namespace {

std::vector<WorkItem> items_with_costs(const std::vector<double>& costs, std::uint8_t phase = 0) {
  std::vector<WorkItem> items;
  for (const double cost : costs) items.push_back({static_cast<std::uint32_t>(items.size()), cost, phase});
  return items;
}

std::vector<bool> done(Scheduler& scheduler, std::uint32_t index, double seconds) {
  return scheduler.done(std::span(&index, 1), seconds);
}

TEST(Scheduler, CountsABundleThatWasRepeatedOnce) {
  Scheduler scheduler(items_with_costs({4, 2}), 2);
  scheduler.request(Need::now, true);
  scheduler.request(Need::now, true);
  const std::vector<std::uint32_t> both{0, 0};
  EXPECT_EQ(scheduler.done(both, 6), (std::vector<bool>{true, false}));
  EXPECT_FALSE(scheduler.drained());
  EXPECT_TRUE(scheduler.is_done(0));
  EXPECT_FALSE(scheduler.is_done(1));
  EXPECT_DOUBLE_EQ(scheduler.seconds_per_cost(), 6.0 / 8.0);
  EXPECT_EQ(done(scheduler, 1, 2), std::vector<bool>{true});
  EXPECT_TRUE(scheduler.drained());
}

TEST(Scheduler, GrantsTheLongestFirst) {
  Scheduler scheduler(items_with_costs({1, 5, 3, 5}), 1);
  std::vector<std::uint32_t> order;
  for (Grant grant = scheduler.request(Need::now, true); grant.answer == Answer::grant;
       grant = scheduler.request(Need::now, true)) {
    order.insert(order.end(), grant.indices.begin(), grant.indices.end());
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 3, 2, 0}));
}

TEST(Scheduler, PromisesTimedBundlesAheadToTheOneRankThatTakesThem) {
  for (const std::uint32_t takers : {4U, 1U}) {
    Scheduler scheduler(items_with_costs(std::vector<double>(4, 1.0), 1), 4);
    scheduler.set_phase1_ranks(takers);
    // Of four ranks others could begin the rest at once; a rank by itself takes nothing from anybody.
    EXPECT_EQ(scheduler.request(Need::soon, true).answer, takers == 4 ? Answer::later : Answer::grant);
  }
}

TEST(Scheduler, LeavesSuspectsToTheEndAndGrantsThemAlone) {
  std::vector<WorkItem> items = items_with_costs(std::vector<double>(200, 1.0));
  items[3].suspect = items[7].suspect = true;
  Scheduler scheduler(items, 1);
  scheduler.request(Need::now, true);
  done(scheduler, 0, 1e-6);
  std::vector<std::vector<std::uint32_t>> grants;
  for (Grant grant = scheduler.request(Need::now, true); grant.answer == Answer::grant;
       grant = scheduler.request(Need::now, true)) {
    grants.push_back(grant.indices);
  }
  ASSERT_GE(grants.size(), 3U);
  EXPECT_EQ(grants[grants.size() - 2], std::vector<std::uint32_t>{3});
  EXPECT_EQ(grants.back(), std::vector<std::uint32_t>{7});
}

TEST(Scheduler, WithoutWorkEndsAtOnce) {
  Scheduler scheduler({}, 3);
  EXPECT_EQ(scheduler.request(Need::now, true).answer, Answer::end);
  EXPECT_TRUE(scheduler.drained());
}

TEST(Scheduler, OrdersEvenWithSenselessCosts) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Scheduler scheduler(items_with_costs({nan, -4, 0, std::numeric_limits<double>::infinity(), 7}), 1);
  EXPECT_EQ(scheduler.request(Need::now, true).indices, std::vector<std::uint32_t>{4});
}

TEST(Scheduler, BeginsThePhaseOfLatencyOnlyWhenAccuracyIsDone) {
  Scheduler scheduler({{0, 1, 0}, {1, 9, 1}}, 2);
  EXPECT_EQ(scheduler.request(Need::now, true).indices, std::vector<std::uint32_t>{0});
  EXPECT_EQ(scheduler.request(Need::now, false).answer, Answer::later) << "it may have to repeat bundle 0";
  EXPECT_EQ(scheduler.request(Need::now, true).answer, Answer::later);
  done(scheduler, 0, 1);
  EXPECT_EQ(scheduler.request(Need::now, false).answer, Answer::end) << "a rank without latency work may go";
  EXPECT_EQ(scheduler.request(Need::now, true).indices, std::vector<std::uint32_t>{1});
  EXPECT_EQ(scheduler.request(Need::now, true).answer, Answer::later);
  done(scheduler, 1, 1);
  EXPECT_EQ(scheduler.request(Need::now, true).answer, Answer::end);
}

TEST(Scheduler, PromisesNothingToBusyRanksNearTheEnd) {
  Scheduler scheduler(items_with_costs(std::vector<double>(5, 10.0)), 2);
  EXPECT_EQ(scheduler.request(Need::soon, true).answer, Answer::grant);
  EXPECT_EQ(scheduler.request(Need::soon, true).answer, Answer::grant);
  EXPECT_EQ(scheduler.request(Need::soon, true).answer, Answer::later) << "3 left for 2 ranks";
  EXPECT_EQ(scheduler.request(Need::now, true).answer, Answer::grant);
}

TEST(Scheduler, AfterStopGrantsNothing) {
  Scheduler scheduler(items_with_costs({1, 1}), 1);
  scheduler.stop();
  EXPECT_EQ(scheduler.request(Need::now, true).answer, Answer::end);
}

TEST(Scheduler, BatchesShortBundlesAndShrinksTheBatches) {
  Scheduler scheduler(items_with_costs(std::vector<double>(10'000, 1.0)), 4);
  EXPECT_EQ(scheduler.request(Need::now, true).indices.size(), 1U) << "nothing is known about their length yet";
  done(scheduler, 0, 20e-6);
  std::vector<std::size_t> sizes;
  std::set<std::uint32_t> seen;
  for (Grant grant = scheduler.request(Need::now, true); grant.answer == Answer::grant;
       grant = scheduler.request(Need::now, true)) {
    sizes.push_back(grant.indices.size());
    seen.insert(grant.indices.begin(), grant.indices.end());
  }
  EXPECT_EQ(sizes.front(), 512U);
  EXPECT_EQ(sizes.back(), 1U);
  EXPECT_TRUE(std::is_sorted(sizes.rbegin(), sizes.rend()));
  EXPECT_EQ(seen.size(), 9'999U) << "each once";
}

/// Plays the ranks in virtual time: each asks when it begins its last bundle and again when it is dry.
/// Returns the time at which the last rank ends; counts how often each item was granted.
double simulate(Scheduler& scheduler, const std::vector<double>& seconds, std::uint32_t ranks,
                std::vector<int>& granted) {
  struct Rank { std::vector<std::uint32_t> queue; };
  std::vector<Rank> state(ranks);
  using Event = std::pair<double, std::uint32_t>;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> free_at;
  for (std::uint32_t r = 0; r < ranks; ++r) free_at.emplace(0.0, r);
  const auto take = [&](std::uint32_t r, Need need) {
    const Grant grant = scheduler.request(need, true);
    for (const std::uint32_t index : grant.indices) ++granted[index];
    state[r].queue.insert(state[r].queue.end(), grant.indices.begin(), grant.indices.end());
  };
  double end = 0;
  while (!free_at.empty()) {
    const auto [now, r] = free_at.top();
    free_at.pop();
    end = std::max(end, now);
    auto& queue = state[r].queue;
    if (queue.empty()) take(r, Need::now);
    if (queue.empty()) continue;
    const std::uint32_t index = queue.front();
    queue.erase(queue.begin());
    if (queue.empty()) take(r, Need::soon);
    done(scheduler, index, seconds[index]);
    free_at.emplace(now + seconds[index], r);
  }
  return end;
}

TEST(Scheduler, EndsAsEarlyAsTheOfflineLongestFirstRule) {
  std::mt19937 random(11);
  for (const std::uint32_t ranks : {1U, 3U, 8U}) {
    std::lognormal_distribution<double> length(0.0, 0.7);
    std::uniform_real_distribution<double> error(0.85, 1.15);
    std::vector<double> seconds(400);
    std::vector<double> costs;
    for (double& s : seconds) costs.push_back((s = length(random)) * error(random));
    std::vector<int> granted(seconds.size());
    Scheduler scheduler(items_with_costs(costs), ranks);
    const double end = simulate(scheduler, seconds, ranks, granted);
    EXPECT_TRUE(std::all_of(granted.begin(), granted.end(), [](int times) { return times == 1; }));
    EXPECT_TRUE(scheduler.drained());

    std::sort(seconds.begin(), seconds.end(), std::greater<>());
    std::vector<double> load(ranks);
    for (const double s : seconds) *std::min_element(load.begin(), load.end()) += s;
    EXPECT_LE(end, *std::max_element(load.begin(), load.end()) * 1.01) << ranks << " ranks";
  }
}

TEST(StaticSplit, GivesEachItemToOneRankAndBalancesCosts) {
  std::vector<double> costs;
  for (int i = 0; i < 100; ++i) costs.push_back(1 + i % 7);
  const std::vector<WorkItem> items = items_with_costs(costs);
  std::set<std::uint32_t> seen;
  std::vector<double> loads;
  for (std::uint32_t rank = 0; rank < 3; ++rank) {
    double load = 0;
    for (const WorkItem& item : static_part(items, rank, 3)) {
      EXPECT_TRUE(seen.insert(item.index).second);
      load += item.cost;
    }
    loads.push_back(load);
  }
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_LE(*std::max_element(loads.begin(), loads.end()) - *std::min_element(loads.begin(), loads.end()), 1.0);
}

TEST(LocalHandout, GivesEverythingInOrderUntilStopped) {
  Progress last;
  const auto handout = make_local(items_with_costs({1, 3, 2}), [&](const Progress& progress) { last = progress; });
  EXPECT_EQ(handout->next(), 1U);
  handout->done(1, 0.5);
  EXPECT_EQ(last.done, 1U);
  EXPECT_EQ(last.total, 3U);
  EXPECT_EQ(handout->next(), 2U);
  handout->stop();
  EXPECT_EQ(handout->next(), std::nullopt);
  const auto reports = handout->finish();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].bundles, 1U);
  EXPECT_DOUBLE_EQ(reports[0].busy_seconds, 0.5);
}

}  // namespace
}  // namespace litebench::handout
