#pragma once
// Rotary embedding with half-split pairing as one device thread does it. Roundings, those of rotate (model/llama), to the
// element's type each: a·cos, b·sin, their difference; b·cos, a·sin, their sum. Equal to it to the bit.

#include "kernels/decoder_rows/element.hpp"

namespace litebench::kernels {

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
    const T a = low.values[i], b = high.values[i], c = cos.values[i], s = sin.values[i];
    low.values[i] = rounded<T>(widened(product(a, c)) - widened(product(b, s)));
    high.values[i] = rounded<T>(widened(product(b, c)) + widened(product(a, s)));
  }
}

}  // namespace litebench::kernels
