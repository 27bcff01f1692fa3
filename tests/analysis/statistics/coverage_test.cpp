// Simulated evaluations with known truth; statistics_coverage runs more of them.

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/analysis/statistics/simulate.hpp"

namespace litebench::analysis::simulated {
namespace {

TEST(Coverage, NinetyFivePercentIntervalsHoldTheTruthIn93To97PercentOf2000ClusteredEvaluations) {
  const Coverage c = coverage(2'000, 400, 1'000, 7, 300);
  EXPECT_GE(c.of(c.ciou), 0.93);
  EXPECT_LE(c.of(c.ciou), 0.97);
  EXPECT_GE(c.of(c.difference), 0.93);
  EXPECT_LE(c.of(c.difference), 0.97);
  EXPECT_GE(c.of(c.retention), 0.93);
  EXPECT_LE(c.of(c.retention), 0.97);
  // Expressions of one image fail together: who resamples them one by one believes in too many observations.
  EXPECT_LT(c.naively(), 0.90);
  // p of true nulls: uniform. 1 in 1000 such samples would differ by more than 1.95 / √n.
  std::vector<double> p = c.p;
  std::sort(p.begin(), p.end());
  double distance = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double n = static_cast<double>(p.size()), rank = static_cast<double>(i);
    distance = std::max({distance, (rank + 1) / n - p[i], p[i] - rank / n});
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(static_cast<double>(p.size())));
  EXPECT_NEAR(static_cast<double>(std::upper_bound(p.begin(), p.end(), 0.05) - p.begin()) /
                  static_cast<double>(p.size()),
              0.05, 0.016);
}

TEST(Coverage, TheClosedFormOfTheSimulationIsWhatALargeSimulationMeasures) {
  const auto rows = expressions(400'000, {Method{}}, 3);
  double hit = 0, all = 0;
  for (const Expression& e : rows) {
    hit += e.intersections[0];
    all += e.union_;
  }
  EXPECT_NEAR(hit / all, true_ciou(Method{}), 1e-3);
}

TEST(SignFlip, ARealDifferenceIsFoundAndAShiftedOneIsMoreCertain) {
  const auto p_of = [](double better) {
    const auto rows = expressions(300, {Method{0.6 + better, 0.4}, Method{}}, 5);
    DrawOptions options;
    options.draws = 2'000;
    return sign_flip_p(difference_contributions(clustered(rows)), options).front();
  };
  EXPECT_LT(p_of(0.3), 0.001);
  EXPECT_LT(p_of(0.3), p_of(0.02));
}

}  // namespace
}  // namespace litebench::analysis::simulated
