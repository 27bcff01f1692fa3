#include "kernels/upscale/upscale.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/upscale/gelu.hpp"

namespace litebench::kernels {
namespace {

double exact_gelu(double x) { return x * 0.5 * std::erfc(-x * std::sqrt(0.5)); }

std::vector<float> normal(std::size_t count, float spread) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::normal_distribution<float> distribution(0.25F, spread);
  std::vector<float> values(count);
  for (float& value : values) value = distribution(random);
  return values;
}

TEST(Gelu, IsTheCLibrarysWithinSinglePrecisionForNumbersOfAllSizes) {
  EXPECT_EQ(gelu(0), 0);
  for (int i = -2'000'000; i <= 2'000'000; ++i) {
    const float x = 1e-5F * static_cast<float>(i);  // [-20, 20]
    ASSERT_NEAR(gelu(x), exact_gelu(x), 2e-7 * std::abs(x)) << x;
  }
  EXPECT_NEAR(gelu(1e20F), 1e20F, 2e13);
  EXPECT_TRUE(std::isnan(gelu(std::numeric_limits<float>::quiet_NaN())));
}

TEST(NormGelu, IsLayerNormOverTheChannelsAndGeluForAllNumbersOfCells) {
  constexpr std::int64_t kChannels = 6;
  const auto gain = normal(kChannels, 1), bias = normal(kChannels, 0.5F);
  for (const std::int64_t cells : {1, 7, 64, 65, 131}) {
    const std::int64_t stride = cells + 3;
    const auto before = normal(static_cast<std::size_t>(kChannels * stride), 2);
    auto after = before;
    norm_gelu(after.data(), stride, kChannels, cells, gain.data(), bias.data(), 1e-6F);
    for (std::int64_t i = 0; i < stride; ++i) {
      double sum = 0, squares = 0;
      for (std::int64_t c = 0; c < kChannels; ++c) sum += before[c * stride + i];
      for (std::int64_t c = 0; c < kChannels; ++c) {
        squares += std::pow(before[c * stride + i] - sum / kChannels, 2);
      }
      for (std::int64_t c = 0; c < kChannels; ++c) {
        const double unit =
            (before[c * stride + i] - sum / kChannels) / std::sqrt(squares / kChannels + 1e-6);
        const double expected = i < cells ? exact_gelu(unit * gain[c] + bias[c])
                                          : before[c * stride + i];  // not its own
        ASSERT_NEAR(after[c * stride + i], expected, 3e-6) << cells << ", " << i << ", " << c;
      }
    }
  }
}

TEST(GeluDot, IsTheFilteredSumForAllNumbersOfCells) {
  constexpr std::int64_t kChannels = 5;
  const auto bias = normal(kChannels, 1), filter = normal(kChannels, 3);
  for (const std::int64_t cells : {1, 9, 64, 130}) {
    const std::int64_t stride = cells + 1, step = 3;
    const auto x = normal(static_cast<std::size_t>(kChannels * stride), 2);
    std::vector<float> out(static_cast<std::size_t>(cells * step), -7.0F);
    gelu_dot(x.data(), stride, kChannels, cells, bias.data(), filter.data(), out.data(), step);
    for (std::int64_t i = 0; i < cells * step; ++i) {
      double expected = 0;
      for (std::int64_t c = 0; c < kChannels; ++c) {
        expected += double{filter[c]} * exact_gelu(double{x[c * stride + i / step]} + bias[c]);
      }
      ASSERT_NEAR(out[i], i % step == 0 ? expected : -7, 1e-5) << cells << ", " << i;
    }
  }
}

}  // namespace
}  // namespace litebench::kernels
