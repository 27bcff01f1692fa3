#include "kernels/relative_softmax/relative_softmax.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/clones.hpp"
#include "kernels/exponential.hpp"

namespace litebench::kernels {
namespace {

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
