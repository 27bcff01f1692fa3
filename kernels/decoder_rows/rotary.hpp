#pragma once
// Rotary embedding with half-split pairing: on the CPU, and as one device thread does it. Roundings, those of rotate_by_operations
// (model/llama), to the element's type each: a·cos, b·sin, their difference; b·cos, a·sin, their sum. Equal to it to the bit.

#include "kernels/decoder_rows/element.hpp"

namespace litebench::kernels {

/// One pair, in place.
template <typename T>
LB_HOST_DEVICE inline void rotate(T& a, T& b, T cos, T sin) {
  const T x = a, y = b;
  a = rounded<T>(widened(product(x, cos)) - widened(product(y, sin)));
  b = rounded<T>(widened(product(y, cos)) + widened(product(x, sin)));
}

/// On the CPU, vectorised: x [rows, heads, 2 · half], cos and sin [rows, half] -> out, of x's shape and elsewhere in memory.
struct RotaryShape {
  std::int64_t rows, heads, half;
};
void rotate_rows(const float* x, const float* cos, const float* sin, float* out, RotaryShape shape);
void rotate_rows(const Bf16* x, const Bf16* cos, const Bf16* sin, Bf16* out, RotaryShape shape);

/// Where the packs of pair `i` of a row [heads, head_dim] are: the lower half's, the upper half's, and their angles'.
struct RotaryPlace {
  std::int32_t low, high, angle;
};

/// `half`: packs of half a head.
LB_HOST_DEVICE inline RotaryPlace rotary_place(std::int32_t i, std::int32_t half) {
  const std::int32_t head = i / half, angle = i % half, low = 2 * half * head + angle;
  return {low, low + half, angle};
}

/// Turns both packs in place.
template <typename T>
LB_HOST_DEVICE inline void rotate(Pack<T>& low, Pack<T>& high, const Pack<T>& cos,
                                  const Pack<T>& sin) {
  for (int i = 0; i < Pack<T>::kCount; ++i) {
    rotate(low.values[i], high.values[i], cos.values[i], sin.values[i]);
  }
}

}  // namespace litebench::kernels
