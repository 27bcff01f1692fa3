#pragma once
// RMSNorm of the decoder's rows as one device thread does it. Roundings, those of rms_norm (model/llama): squares,
// their mean and 1/sqrt(mean + eps) in fp32; x · that, rounded to the element's type; times weight, rounded.
// Squares are added in another order than ATen's, so the factor differs in its last bits: relative 1e-5 in fp32; in bf16
// the value before the weight is the same or, rarely, its neighbour.

#include <cmath>

#include "kernels/decoder_rows/element.hpp"

namespace litebench::kernels {

/// Threads of a row. Their shares are added in halves: share i and i + 16 of 32 neighbours, then i + 8 …, then the 8 sums alike.
inline constexpr int kNormThreads = 256;

/// Sum of squares of the packs `first`, `first` + kNormThreads … of a row.
template <typename T>
LB_HOST_DEVICE inline float squares_of(const Pack<T>* row, std::int64_t packs, int first) {
  float sum = 0;
  for (std::int64_t i = first; i < packs; i += kNormThreads) {
    const Pack<T> own = row[i];
    for (const T value : own.values) sum += widened(value) * widened(value);
  }
  return sum;
}

/// `sum` of the squares of `width` elements.
LB_HOST_DEVICE inline float norm_factor(float sum, std::int64_t width, float eps) {
  return 1.0F / sqrtf(sum / static_cast<float>(width) + eps);
}

template <typename T>
LB_HOST_DEVICE inline Pack<T> normed(const Pack<T>& x, const Pack<T>& weight, float factor) {
  Pack<T> out;
  for (int i = 0; i < Pack<T>::kCount; ++i) {
    out.values[i] = product(rounded<T>(widened(x.values[i]) * factor), weight.values[i]);
  }
  return out;
}

}  // namespace litebench::kernels
