#include "kernels/cluster/density_peaks.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace litebench::kernels {
namespace {

using Indices = std::vector<std::int64_t>;
using Points = std::vector<std::vector<double>>;

/// ‖a − b‖ / √d of all pairs.
std::vector<float> distances_of(const Points& points) {
  std::vector<float> out;
  for (const auto& a : points) {
    for (const auto& b : points) {
      double sum = 0;
      for (std::size_t j = 0; j < a.size(); ++j) sum += (a[j] - b[j]) * (a[j] - b[j]);
      out.push_back(static_cast<float>(std::sqrt(sum / static_cast<double>(a.size()))));
    }
  }
  return out;
}

Clusters clusters_of(const Points& points, std::int64_t count) {
  return density_peaks(distances_of(points).data(), std::ssize(points), count);
}

// The toy oracle of pruners.md §8.8, computed from the formulas in plain Python.
TEST(DensityPeaks, FindTheCentresComputedByHand) {
  Points toy;
  for (int i = 0; i < 8; ++i) {
    toy.emplace_back();
    for (int j = 0; j < 4; ++j) toy.back().push_back((7 * i + 3 * j + i * j) % 11 - 5);
  }
  const Clusters found = clusters_of(toy, 3);
  EXPECT_EQ(found.centres, (Indices{6, 7, 2}));
  EXPECT_EQ(found.cluster, (Indices{2, 1, 2, 0, 1, 2, 0, 1}));
}

TEST(DensityPeaks, SeparateGroupsThatLieApart) {
  const Clusters found = clusters_of({{0}, {0.1}, {10}, {10.1}, {10.2}, {-0.1}}, 2);
  EXPECT_EQ(found.cluster[0], found.cluster[1]);
  EXPECT_EQ(found.cluster[0], found.cluster[5]);
  EXPECT_EQ(found.cluster[2], found.cluster[3]);
  EXPECT_EQ(found.cluster[2], found.cluster[4]);
  EXPECT_NE(found.cluster[0], found.cluster[2]);
}

TEST(DensityPeaks, OfEqualItemsOnlyTheFirstIsACentre) {
  const Clusters found = clusters_of({{3}, {3}, {3}, {8}}, 2);
  EXPECT_EQ(found.centres, (Indices{0, 3}));
  EXPECT_EQ(found.cluster, (Indices{0, 0, 0, 1}));
}

// Hidden states are so far apart that every density underflows.
TEST(DensityPeaks, RankItemsWhoseDensityRoundsToZero) {
  const Clusters near = clusters_of({{0}, {0.1}, {0.3}, {2}, {2.1}}, 2);
  const Clusters far = clusters_of({{0}, {100}, {300}, {2000}, {2100}}, 2);
  EXPECT_EQ(far.centres, near.centres);
  EXPECT_EQ(far.cluster, near.cluster);
}

TEST(DensityPeaks, AsManyClustersAsItemsKeepEachAlone) {
  const Clusters found = clusters_of({{1}, {5}, {9}}, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found.centres[static_cast<std::size_t>(found.cluster[i])],
              static_cast<std::int64_t>(i));
  }
}

}  // namespace
}  // namespace litebench::kernels
