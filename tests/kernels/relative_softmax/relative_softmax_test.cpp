#include "kernels/relative_softmax/relative_softmax.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace litebench::kernels {
namespace {

struct Row {
  std::vector<float> scores, by_row, by_column;
  float scale = 1;
};

/// Soft-max as the kernel has it.
std::vector<float> ours(Row row) {
  const auto n = static_cast<std::int64_t>(row.by_row.size());
  std::vector<float> scratch(row.by_row.size());
  const float inverse = relative_softmax(row.scores.data(), n, row.scale, row.by_row.data(),
                                         row.by_column.data(), scratch.data());
  for (float& value : row.scores) value *= inverse;
  return row.scores;
}

/// The same in double precision with the C library's exponential.
std::vector<double> plain(const Row& row) {
  const std::size_t n = row.by_row.size();
  std::vector<double> values(n * n);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] =
        double{row.scores[i]} * row.scale + double{row.by_row[i / n]} + row.by_column[i % n];
  }
  const double highest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (double& value : values) sum += value = std::exp(value - highest);
  for (double& value : values) value /= sum;
  return values;
}

Row random_row(std::size_t n, float spread) {
  std::mt19937 random(static_cast<unsigned>(n));
  std::normal_distribution<float> normal;
  Row row{std::vector<float>(n * n), std::vector<float>(n), std::vector<float>(n), 0.125F};
  for (auto* values : {&row.scores, &row.by_row, &row.by_column}) {
    for (float& value : *values) value = spread * normal(random);
  }
  return row;
}

TEST(RelativeSoftmax, IsScipysSoftmaxOfTheScaledScoresWithTheirPositions) {
  const auto values = ours({{1.5F, -2.25F, 0.5F, 3, 0, -1, 2, -4, 6.5F},
                            {0.25F, -1.5F, 0.75F},
                            {-0.5F, 2, 0.125F},
                            0.5F});
  const std::vector<double> expected = {0.02155728, 0.04027431, 0.0244276, 0.00793048, 0.02155728,
                                        0.00200514, 0.04563677, 0.0276801, 0.80893104};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-7);
}

TEST(RelativeSoftmax, IsAsExactAsItsArgumentsForGridsOfAllWidthsAndScoresOfAllSizes) {
  for (const std::size_t n : {1, 7, 14, 16, 61, 64}) {
    for (const float spread : {0.1F, 3.0F, 15.0F}) {
      const Row row = random_row(n, spread);
      const auto values = ours(row);
      const auto expected = plain(row);
      // Arguments are sums of numbers of the size of the spread, each rounded to float.
      const double error = 1e-6 + 2e-6 * spread;
      for (std::size_t i = 0; i < values.size(); ++i) {
        ASSERT_NEAR(values[i], expected[i], error * expected[i] + 1e-37) << n << ", " << spread;
      }
    }
  }
}

TEST(RelativeSoftmax, CarriesNonNumbersOn) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Row row = random_row(8, 1);
    row.scores[11] = bad;
    EXPECT_TRUE(std::isnan(ours(row)[11]));
  }
}

}  // namespace
}  // namespace litebench::kernels
