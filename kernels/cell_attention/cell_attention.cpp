#include "kernels/cell_attention/cell_attention.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/clones.hpp"
#include "kernels/exponential.hpp"

namespace litebench::kernels {
namespace {

/// Sums and maxima of so many cells are kept side by side.
constexpr std::int64_t kCells = 64;
constexpr float kLowest = -std::numeric_limits<float>::infinity();

/// x = norm · x + added; best: largest of every kCells-th.
LITEBENCH_V3 void complete(float* x, const float* norm, const float* added, std::int64_t cells,
                           float* best) {
  for (std::int64_t i = 0; i < cells; ++i) {
    x[i] = std::fma(norm[i], x[i], added[i]);
    best[i] = best[i] < x[i] ? x[i] : best[i];
  }
}

LITEBENCH_V3 void numerators(float* x, const float* norm, std::int64_t cells, float highest,
                             float* sums) {
  for (std::int64_t i = 0; i < cells; ++i) {
    const float numerator = exponential(x[i] - highest);
    sums[i] += numerator;
    x[i] = numerator * norm[i];
  }
}

LITEBENCH_V3 void few_weights_of_tokens(float* x, std::int64_t x_stride, const float* norm,
                                        const float* added, std::int64_t added_stride,
                                        std::int64_t tokens, std::int64_t cells, float* weights,
                                        std::int64_t weights_stride) {
  std::array<float, kCells> best, sums{};
  best.fill(kLowest);
  for (std::int64_t t = 0; t < tokens; ++t) {
    complete(x + t * x_stride, norm, added + t * added_stride, cells, best.data());
  }
  for (std::int64_t t = 0; t < tokens; ++t) {
    float* row = x + t * x_stride;
    for (std::int64_t i = 0; i < cells; ++i) {
      row[i] = exponential(row[i] - best[i]);
      sums[i] += row[i];
    }
  }
  for (std::int64_t i = 0; i < cells; ++i) sums[i] = 1.0F / sums[i];
  for (std::int64_t t = 1; t < tokens; ++t) {
    for (std::int64_t i = 0; i < cells; ++i) {
      weights[(t - 1) * weights_stride + i] = x[t * x_stride + i] * sums[i];
    }
  }
}

LITEBENCH_V3 void few_inverse_deviations(const float* z, std::int64_t z_stride, const float* x,
                                         std::int64_t x_stride, std::int64_t channels,
                                         std::int64_t cells, const float* share, float eps,
                                         float* norm) {
  std::array<float, kCells> squares{};
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t i = 0; i < cells; ++i) {
      const float value = std::fma(share[i], x[c * x_stride + i], z[c * z_stride + i]);
      squares[i] = std::fma(value, value, squares[i]);
    }
  }
  const float part = 1.0F / static_cast<float>(channels);
  for (std::int64_t i = 0; i < cells; ++i) {
    norm[i] = 1.0F / std::sqrt(std::fma(squares[i], part, eps));
  }
}

LITEBENCH_V3 void join_row(float* z, const float* x, std::int64_t cells, const float* share,
                           const float* norm, float offset) {
  for (std::int64_t i = 0; i < cells; ++i) {
    z[i] = std::fma(norm[i], std::fma(share[i], x[i], z[i]), offset);
  }
}

}  // namespace

float weights_of_cells(float* x, const float* norm, const float* added, std::int64_t cells) {
  std::array<float, kCells> best, sums{};
  best.fill(kLowest);
  for (std::int64_t i = 0; i < cells; i += kCells) {
    complete(x + i, norm + i, added + i, std::min(kCells, cells - i), best.data());
  }
  const float highest = *std::max_element(best.begin(), best.end());
  for (std::int64_t i = 0; i < cells; i += kCells) {
    numerators(x + i, norm + i, std::min(kCells, cells - i), highest, sums.data());
  }
  float sum = 0;
  for (const float part : sums) sum += part;
  return 1.0F / sum;
}

void weights_of_tokens(float* x, std::int64_t x_stride, const float* norm, const float* added,
                       std::int64_t added_stride, std::int64_t tokens, std::int64_t cells,
                       float* weights, std::int64_t weights_stride) {
  for (std::int64_t i = 0; i < cells; i += kCells) {
    few_weights_of_tokens(x + i, x_stride, norm + i, added + i, added_stride, tokens,
                          std::min(kCells, cells - i), weights + i, weights_stride);
  }
}

void inverse_deviations(const float* z, std::int64_t z_stride, const float* x,
                        std::int64_t x_stride, std::int64_t channels, std::int64_t cells,
                        const float* share, float eps, float* norm) {
  for (std::int64_t i = 0; i < cells; i += kCells) {
    few_inverse_deviations(z + i, z_stride, x + i, x_stride, channels, std::min(kCells, cells - i),
                           share + i, eps, norm + i);
  }
}

void join(float* z, std::int64_t z_stride, const float* x, std::int64_t x_stride,
          std::int64_t channels, std::int64_t cells, const float* share, const float* norm,
          const float* offset) {
  for (std::int64_t c = 0; c < channels; ++c) {
    join_row(z + c * z_stride, x + c * x_stride, cells, share, norm, offset[c]);
  }
}

}  // namespace litebench::kernels
