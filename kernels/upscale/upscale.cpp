#include "kernels/upscale/upscale.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/clones.hpp"
#include "kernels/upscale/gelu.hpp"

namespace litebench::kernels {
namespace {

/// Cells at once: 64 channels of them fill half a first-level cache.
constexpr std::int64_t kCells = 64;
using PerCell = std::array<float, kCells>;

LITEBENCH_V3 void norm_gelu_few(float* x, std::int64_t stride, std::int64_t channels,
                                std::int64_t cells, const float* gain, const float* bias,
                                float eps) {
  const float part = 1.0F / static_cast<float>(channels);
  PerCell mean{}, inverse{};
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t i = 0; i < cells; ++i) mean[i] += x[c * stride + i];
  }
  for (std::int64_t i = 0; i < cells; ++i) mean[i] *= part;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t i = 0; i < cells; ++i) {
      const float off = x[c * stride + i] - mean[i];
      inverse[i] = std::fma(off, off, inverse[i]);
    }
  }
  for (std::int64_t i = 0; i < cells; ++i) {
    inverse[i] = 1.0F / std::sqrt(std::fma(inverse[i], part, eps));
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    float* row = x + c * stride;
    const float times = gain[c], plus = bias[c];
    for (std::int64_t i = 0; i < cells; ++i) {
      row[i] = gelu(std::fma((row[i] - mean[i]) * inverse[i], times, plus));
    }
  }
}

LITEBENCH_V3 void gelu_dot_few(const float* x, std::int64_t stride, std::int64_t channels,
                               std::int64_t cells, const float* bias, const float* filter,
                               float* sums) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float* row = x + c * stride;
    const float plus = bias[c], times = filter[c];
    for (std::int64_t i = 0; i < cells; ++i) {
      sums[i] = std::fma(times, gelu(row[i] + plus), sums[i]);
    }
  }
}

}  // namespace

void norm_gelu(float* x, std::int64_t stride, std::int64_t channels, std::int64_t cells,
               const float* gain, const float* bias, float eps) {
  for (std::int64_t i = 0; i < cells; i += kCells) {
    norm_gelu_few(x + i, stride, channels, std::min(kCells, cells - i), gain, bias, eps);
  }
}

void gelu_dot(const float* x, std::int64_t stride, std::int64_t channels, std::int64_t cells,
              const float* bias, const float* filter, float* out, std::int64_t step) {
  for (std::int64_t i = 0; i < cells; i += kCells) {
    PerCell sums{};
    const auto few = std::min(kCells, cells - i);
    gelu_dot_few(x + i, stride, channels, few, bias, filter, sums.data());
    for (std::int64_t j = 0; j < few; ++j) out[(i + j) * step] = sums[j];
  }
}

}  // namespace litebench::kernels
