#pragma once
// The gated MLP's element-wise part as one device thread does it. Roundings, those of the decoder layer (model/llama):
// x / (1 + exp(−x)) in fp32, rounded to the element's type; times up, rounded. expf is the device's own: relative 1e-5
// in fp32; in bf16 the value before `up` is ATen's or, rarely, its neighbour.

#include <cmath>

#include "kernels/decoder_rows/element.hpp"

namespace litebench::kernels {

template <typename T>
LB_HOST_DEVICE inline Pack<T> swiglu(const Pack<T>& gate, const Pack<T>& up) {
  Pack<T> out;
  for (int i = 0; i < Pack<T>::kCount; ++i) {
    const float x = widened(gate.values[i]);
    out.values[i] = product(rounded<T>(x / (1.0F + expf(-x))), up.values[i]);
  }
  return out;
}

}  // namespace litebench::kernels
