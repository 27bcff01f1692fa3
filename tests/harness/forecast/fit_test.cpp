#include "harness/forecast/fit.hpp"

#include <gtest/gtest.h>

namespace litebench::forecast {
namespace {

std::vector<Point> points(std::vector<double> y) {
  return {{{1, 100, 1e4}, y[0]},
          {{1, 300, 9e4}, y[1]},
          {{1, 700, 4.9e5}, y[2]},
          {{1, 50, 2.5e3}, y[3]}};
}

// Expected coefficients: scipy.optimize.nnls of the rows divided by y, against ones.

TEST(Fit, FindsTheNonNegativeCoefficientsOfLeastRelativeError) {
  const std::vector<double> c = fit(points({0.9, 2.2, 6.9, 0.7}));
  ASSERT_EQ(c.size(), 3U);
  EXPECT_NEAR(c[0], 5.33757993e-01, 1e-8);
  EXPECT_NEAR(c[1], 2.82274460e-03, 1e-10);
  EXPECT_NEAR(c[2], 8.98707353e-06, 1e-13);
  EXPECT_NEAR(dot(c, std::vector<double>{1, 500, 2.5e5}), 4.191898673716857, 1e-8);
}

TEST(Fit, LeavesOutWhatCouldOnlyCountNegatively) {
  const std::vector<double> c = fit(points({3.0, 2.0, 2.5, 3.5}));
  ASSERT_EQ(c.size(), 3U);
  EXPECT_NEAR(c[0], 2.52022121, 1e-8);
  EXPECT_EQ(c[1], 0);
  EXPECT_EQ(c[2], 0);
}

TEST(Fit, OfOnePointGivesThatPointBack) {
  const std::vector<Point> one = {{{1, 28, 4}, 0.5}};
  EXPECT_NEAR(dot(fit(one), one[0].x), 0.5, 1e-12);
}

TEST(Fit, OfDepthsTellsWhatALayerOfEachKindCosts) {
  // 2 for all, 3 a windowed block, 10 a global one
  const std::vector<double> c =
      fit(std::vector<Point>{{{1, 1, 0}, 5}, {{1, 2, 0}, 8}, {{1, 2, 1}, 18}});
  EXPECT_NEAR(dot(c, std::vector<double>{1, 28, 4}), 2 + 3 * 28 + 10 * 4, 1e-9);
}

TEST(Fit, WithoutAnythingMeasuredIsZero) {
  EXPECT_TRUE(fit({}).empty());
  EXPECT_EQ(fit(std::vector<Point>{{{1, 2}, 0}}), (std::vector<double>{0, 0}));
}

}  // namespace
}  // namespace litebench::forecast
