#include "analysis/statistics/draws.hpp"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "kernels/random/philox.hpp"
#include "tests/analysis/statistics/simulate.hpp"

namespace litebench::analysis {
namespace {

using simulated::options_with;
using simulated::table_of;

/// Smallest k with P(Poisson(1) <= k) × 2^32 above the word.
int poisson_quantile(std::uint32_t word) {
  long double term = std::exp(-1.0L), sum = term;
  int k = 0;
  while (std::round(sum * 0x1p32L) <= static_cast<long double>(word) && k < 13) sum += term /= ++k;
  return k;
}

TEST(Draws, PoissonWeightsAreQuantilesOfPhiloxWords) {
  constexpr std::uint64_t kCluster = 0x300000007, kSeed = 0x500000011;
  const auto weights = weights_of(std::vector{kCluster}, Scheme::poisson, kSeed, 0, 320'000);
  int largest = 0;
  for (std::uint32_t block = 0; block < weights.size() / 4; ++block) {
    const auto words = kernels::philox4x32({block, 1, 7, 3}, {0x11, 5});
    for (std::size_t w = 0; w < 4; ++w) {
      ASSERT_EQ(weights[4 * block + w], poisson_quantile(words[w])) << block << ' ' << w;
      largest = std::max<int>(largest, weights[4 * block + w]);
    }
  }
  EXPECT_GT(largest, 7);  // the rare ones were among them
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

TEST(Draws, WholeNumbersOfAnySizeAreSummedExactly) {
  ClusterTable table;
  table.columns = 6;
  constexpr std::array<double, 5> kLargest{1, 0x1p15 - 1, 0x1p15, 0x1p30 - 1, 0x1p30};
  for (std::uint64_t k = 0; k < 4'999; ++k) {  // more than an int32 holds the sums of
    table.clusters.push_back(k);
    for (const double largest : kLargest)
      table.values.push_back(k % 3 == 0 ? largest - 1 : largest);
    table.values.push_back(-3);
  }
  const auto sums = weighted_sums(table, Scheme::poisson, options_with(64, 2));
  const auto weights = weights_of(table.clusters, Scheme::poisson, 17, 0, 64);
  for (std::size_t column = 0; column < table.columns; ++column) {
    for (std::size_t d = 0; d < 64; ++d) {
      std::int64_t expected = 0;
      for (std::size_t c = 0; c < table.clusters.size(); ++c)
        expected += weights[c * 64 + d] *
                    static_cast<std::int64_t>(table.values[c * table.columns + column]);
      ASSERT_EQ(sums[column * 64 + d], static_cast<double>(expected)) << column << ' ' << d;
    }
  }
}

TEST(Draws, AnOddNumberOfPlacedClustersTakesTheWeightsOfItsPlaces) {
  const std::vector<std::uint64_t> all{10, 20, 30, 40, 50};
  const std::vector<std::size_t> places{0, 3, 4};
  const ClusterTable table{{10, 40, 50}, 2, {5, 0.5, 70'000, 0.25, 9, 0.125}};
  const PlacedTable placed{&table, places};
  const auto sums = weighted_sums(all, std::span(&placed, 1), Scheme::poisson, options_with(32, 1));
  const auto weights = weights_of(table.clusters, Scheme::poisson, 17, 0, 32);
  for (std::size_t d = 0; d < 32; ++d) {
    const double a = weights[d], b = weights[32 + d], c = weights[64 + d];
    EXPECT_EQ(sums[0][d], 5 * a + 70'000 * b + 9 * c);
    EXPECT_EQ(sums[0][32 + d], 0.5 * a + 0.25 * b + 0.125 * c);
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

}  // namespace
}  // namespace litebench::analysis
