#include "analysis/statistics/sampled.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/analysis/statistics/simulate.hpp"

namespace litebench::analysis {
namespace {

using simulated::options_with;
using simulated::table_of;

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
