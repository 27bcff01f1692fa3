#include "kernels/relative_softmax/relative_softmax.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/clones.hpp"

namespace litebench::kernels {
namespace {

/// exp of x <= 0: 2^k · p(x − k ln 2), p by Taylor's series on [−ln 2 / 2, ln 2 / 2].
inline float exponential(float x) {
  constexpr float kLog2E = 1.44269504F, kLowest = -87.0F, kRound = 12582912.0F;  // 1.5 · 2^23
  constexpr float kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  x = x < kLowest ? kLowest : x;  // NaN stays what it is
  const float shifted = std::fma(x, kLog2E, kRound);
  const float k = shifted - kRound;
  float r = std::fma(k, -kLn2High, x);
  r = std::fma(k, -kLn2Low, r);
  float p = 1.0F / 5040;
  p = std::fma(p, r, 1.0F / 720);
  p = std::fma(p, r, 1.0F / 120);
  p = std::fma(p, r, 1.0F / 24);
  p = std::fma(p, r, 1.0F / 6);
  p = std::fma(p, r, 0.5F);
  p = std::fma(p, r, 1.0F);
  p = std::fma(p, r, 1.0F);
  // The lowest bits of `shifted` are k; moved to the exponent they multiply by 2^k.
  return std::bit_cast<float>(std::bit_cast<std::int32_t>(p) +
                              (std::bit_cast<std::int32_t>(shifted) << 23));
}

LITEBENCH_V3 void add_positions(float* scores, std::int64_t n, float scale, const float* by_row,
                                const float* by_column, float* best) {
  for (std::int64_t y = 0; y < n; ++y) {
    float* row = scores + y * n;
    const float above = by_row[y];
    for (std::int64_t x = 0; x < n; ++x) {
      row[x] = std::fma(row[x], scale, above + by_column[x]);
      best[x] = best[x] < row[x] ? row[x] : best[x];
    }
  }
}

LITEBENCH_V3 void exponentials(float* scores, std::int64_t n, float highest, float* sums) {
  for (std::int64_t y = 0; y < n; ++y) {
    float* row = scores + y * n;
    for (std::int64_t x = 0; x < n; ++x) {
      row[x] = exponential(row[x] - highest);
      sums[x] += row[x];
    }
  }
}

}  // namespace

float relative_softmax(float* scores, std::int64_t n, float scale, const float* by_row,
                       const float* by_column, float* scratch) {
  std::fill_n(scratch, n, -std::numeric_limits<float>::infinity());
  add_positions(scores, n, scale, by_row, by_column, scratch);
  const float highest = *std::max_element(scratch, scratch + n);
  std::fill_n(scratch, n, 0.0F);
  exponentials(scores, n, highest, scratch);
  float sum = 0;
  for (std::int64_t x = 0; x < n; ++x) sum += scratch[x];
  return 1.0F / sum;
}

}  // namespace litebench::kernels
