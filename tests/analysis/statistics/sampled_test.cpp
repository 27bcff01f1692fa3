#include "analysis/statistics/sampled.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/analysis/statistics/simulate.hpp"

namespace litebench::analysis {
namespace {

ClusterTable table_of(std::size_t images) {
  return simulated::clustered(simulated::expressions(images, {{0.6, 0.4}, {0.5, 0.4}}, 11));
}

DrawOptions options_with(std::int32_t draws, std::int32_t threads) {
  DrawOptions options;
  options.draws = draws;
  options.threads = threads;
  return options;
}

TEST(Draws, SumsAreTheSameBitsForAnyNumberOfThreads) {
  const ClusterTable table = table_of(77);
  const auto one = weighted_sums(table, Scheme::poisson, options_with(1'001, 1));
  for (const std::int32_t threads : {2, 3, 8}) {
    EXPECT_EQ(weighted_sums(table, Scheme::poisson, options_with(1'001, threads)), one) << threads;
  }
}

TEST(Draws, SumsAreThoseOfTheWeights) {
  const ClusterTable table = table_of(40);
  for (const Scheme scheme : {Scheme::poisson, Scheme::coin}) {
    const auto sums = weighted_sums(table, scheme, options_with(100, 1));
    const auto weights = weights_of(table.clusters, scheme, 17, 0, 100);
    for (std::size_t column = 0; column < table.columns; ++column) {
      for (std::size_t d = 0; d < 100; ++d) {
        double expected = 0;
        for (std::size_t c = 0; c < table.clusters.size(); ++c) {
          expected += weights[c * 100 + d] * table.values[c * table.columns + column];
        }
        EXPECT_DOUBLE_EQ(sums[column * 100 + d], expected);
      }
    }
  }
}

TEST(Draws, AClustersWeightsDoNotDependOnTheOtherClusters) {
  const auto alone = weights_of(std::vector<std::uint64_t>{42}, Scheme::poisson, 1, 0, 500);
  const auto among = weights_of(std::vector<std::uint64_t>{7, 42}, Scheme::poisson, 1, 0, 500);
  EXPECT_TRUE(std::equal(alone.begin(), alone.end(), among.begin() + 500));
  EXPECT_NE(weights_of(std::vector<std::uint64_t>{42}, Scheme::poisson, 2, 0, 500), alone);
}

TEST(Draws, MoreColumnsThanOnePassHoldsAreAllSummed) {
  ClusterTable table{{3, 9}, 150, std::vector<double>(300)};
  for (std::size_t i = 0; i < table.values.size(); ++i) table.values[i] = static_cast<double>(i);
  const auto sums = weighted_sums(table, Scheme::poisson, options_with(33, 1));
  const auto weights = weights_of(table.clusters, Scheme::poisson, 17, 0, 33);
  for (const std::size_t column :
       {std::size_t{0}, std::size_t{63}, std::size_t{64}, std::size_t{149}}) {
    const auto c = static_cast<double>(column);
    EXPECT_EQ(sums[column * 33 + 32], weights[32] * c + weights[65] * (150 + c));
  }
}

TEST(Sampled, LeaveOneOutValuesAreThoseOfTheRatioWithoutTheCluster) {
  const auto table = simulated::resampled(table_of(25), options_with(32, 1));
  const Sampled ratio = ratio_of_sums(table, 1, 0).value();
  for (std::size_t out = 0; out < 25; ++out) {
    double hit = 0, all = 0;
    for (std::size_t c = 0; c < 25; ++c) {
      if (c == out) continue;
      hit += table.table.values[c * 3 + 1];
      all += table.table.values[c * 3];
    }
    EXPECT_NEAR(ratio.without[out], hit / all, 1e-14);
  }
}

TEST(Sampled, WhatIsComputedFromEstimatesIsComputedFromEveryDraw) {
  const auto table = simulated::resampled(table_of(25), options_with(64, 1));
  const Sampled a = ratio_of_sums(table, 1, 0).value(), b = ratio_of_sums(table, 2, 0).value();
  const Sampled mean = mean_of(std::vector<Sampled>{a, b, b});
  EXPECT_DOUBLE_EQ(mean.draws[40], (a.draws[40] + 2 * b.draws[40]) / 3);
  EXPECT_DOUBLE_EQ(mean.without[7], (a.without[7] + 2 * b.without[7]) / 3);
  EXPECT_DOUBLE_EQ(mean.estimate, (a.estimate + 2 * b.estimate) / 3);
}

TEST(Sampled, NothingCountedIsNoStatistic) {
  ClusterTable empty{{1, 2}, 2, {3, 0, 4, 0}};
  EXPECT_EQ(ratio_of_sums(simulated::resampled(empty, options_with(32, 1)), 0, 1), std::nullopt);
}

TEST(Sampled, RepetitionsAddTheUnbiasedVarianceOfTheirMean) {
  std::vector<Sampled> seeds;
  for (const double value : {0.50, 0.53, 0.58, 0.49}) {
    seeds.push_back({value, std::vector<double>(40'000, value), {}});
  }
  const Sampled mean = mean_of_repetitions(seeds, 1, 2);
  EXPECT_DOUBLE_EQ(mean.estimate, 0.525);
  // s² = 0.00163333 over four values; the mean's standard error is s / 2.
  EXPECT_NEAR(standard_error(mean).value(), std::sqrt(0.0049 / 3) / 2, 2e-4);
}

TEST(Interval, DrawsThatAreAllTheSameGiveAPoint) {
  const Sampled same{0.7, std::vector<double>(1'000, 0.7), std::vector<double>(10, 0.7)};
  const Interval interval = interval_of(same, {}).value();
  EXPECT_EQ(interval.low, 0.7);
  EXPECT_EQ(interval.high, 0.7);
}

TEST(Interval, TooManyUndefinedDrawsGiveNoInterval) {
  Sampled sampled{0.5, std::vector<double>(1'000, 0.5), {}};
  for (std::size_t d = 0; d < 10; ++d) sampled.draws[d] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(interval_of(sampled, {}).has_value());
  sampled.draws[10] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(interval_of(sampled, {}), std::nullopt);
  EXPECT_EQ(standard_error(sampled), std::nullopt);
  EXPECT_EQ(interval_of({0.5, {}, {}}, {}), std::nullopt);
}

TEST(Interval, QuantilesInterpolateLinearlyLikeNumPys) {
  std::vector<double> values{4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile(values, 0.1), 1.3);
  EXPECT_DOUBLE_EQ(quantile(values, 1), 4);
}

}  // namespace
}  // namespace litebench::analysis
