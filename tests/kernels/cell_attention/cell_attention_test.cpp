// Against the same sums in double precision with the C library's functions.

#include "kernels/cell_attention/cell_attention.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace litebench::kernels {
namespace {

std::vector<float> normal(std::int64_t count, float spread) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::normal_distribution<float> distribution(0, spread);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = distribution(random);
  return values;
}

std::vector<float> positive(std::int64_t count) {
  auto values = normal(count, 0.5F);
  for (float& value : values) value = std::exp(value);
  return values;
}

const std::vector<std::int64_t> kCellCounts = {1, 5, 64, 67, 200};

TEST(WeightsOfCells, AreTheSoftmaxTimesTheNorm) {
  for (const auto cells : kCellCounts) {
    const auto x = normal(cells, 4), norm = positive(cells), added = normal(cells + 1, 3);
    std::vector<double> numerators(x.size());
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      sum += numerators[i] = std::exp(double{norm[i]} * x[i] + added[i]);
    }
    auto seen = x;
    const float inverse = weights_of_cells(seen.data(), norm.data(), added.data(), cells);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = numerators[i] / sum * norm[i];
      ASSERT_NEAR(seen[i] * inverse, expected, 1e-5 * expected + 1e-30) << cells;
    }
  }
}

TEST(WeightsOfTokens, AreTheSoftmaxWithoutTheFirstToken) {
  for (const auto cells : kCellCounts) {
    for (const std::int64_t tokens : {1, 2, 6}) {
      const auto stride = cells + 2, apart = cells + 3;
      const auto before = normal(tokens * stride, 4), norm = positive(cells),
                 added = normal(tokens * stride + 1, 3);
      for (const auto added_stride : {stride, std::int64_t{0}}) {
        auto x = before;
        std::vector<float> weights(static_cast<std::size_t>(tokens * apart), -1.0F);
        weights_of_tokens(x.data(), stride, norm.data(), added.data(), added_stride, tokens, cells,
                          weights.data(), apart);
        const auto numerator = [&](std::int64_t t, std::int64_t i) {
          return std::exp(double{norm[i]} * before[t * stride + i] + added[t * added_stride + i]);
        };
        for (std::int64_t i = 0; i < cells; ++i) {
          double sum = 0;
          for (std::int64_t t = 0; t < tokens; ++t) sum += numerator(t, i);
          for (std::int64_t t = 1; t < tokens; ++t) {
            const double expected = numerator(t, i) / sum;
            ASSERT_NEAR(weights[(t - 1) * apart + i], expected, 1e-5 * expected + 1e-30)
                << cells << ", " << tokens;
          }
        }
        EXPECT_EQ(weights[(tokens - 1) * apart], -1);  // behind the last row
      }
    }
  }
}

TEST(InverseDeviations, AndJoinAreLayerNormOfCentredChannels) {
  constexpr std::int64_t kChannels = 7;
  for (const auto cells : kCellCounts) {
    const auto z_stride = cells + 1, x_stride = cells + 4;
    const auto before = normal(kChannels * z_stride, 1), x = normal(kChannels * x_stride, 2),
               share = positive(cells), offset = normal(kChannels, 1);
    auto z = before;
    std::vector<float> norm(static_cast<std::size_t>(cells));
    inverse_deviations(z.data(), z_stride, x.data(), x_stride, kChannels, cells, share.data(),
                       1e-5F, norm.data());
    join(z.data(), z_stride, x.data(), x_stride, kChannels, cells, share.data(), norm.data(),
         offset.data());
    for (std::int64_t i = 0; i < cells; ++i) {
      const auto whole = [&](std::int64_t c) {
        return before[c * z_stride + i] + double{share[i]} * x[c * x_stride + i];
      };
      double squares = 0;
      for (std::int64_t c = 0; c < kChannels; ++c) squares += whole(c) * whole(c);
      const double expected = 1 / std::sqrt(squares / kChannels + 1e-5);
      ASSERT_NEAR(norm[i], expected, 2e-6 * expected) << cells;
      for (std::int64_t c = 0; c < kChannels; ++c) {
        ASSERT_NEAR(z[c * z_stride + i], whole(c) * expected + offset[c], 1e-5) << cells;
      }
    }
  }
}

TEST(CellAttention, CarriesNonNumbersOn) {
  const auto norm = positive(65), added = normal(131, 1);
  auto x = normal(130, 1);
  x[70] = std::numeric_limits<float>::quiet_NaN();  // cell 5 of the second token
  auto again = x;
  std::vector<float> weights(65);
  weights_of_tokens(x.data(), 65, norm.data(), added.data(), 65, 2, 65, weights.data(), 65);
  EXPECT_TRUE(std::isnan(weights[5]));
  EXPECT_FALSE(std::isnan(weights[6]));
  EXPECT_TRUE(std::isnan(weights_of_cells(again.data() + 65, norm.data(), added.data(), 65)));
}

}  // namespace
}  // namespace litebench::kernels
