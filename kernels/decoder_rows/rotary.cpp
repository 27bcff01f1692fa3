#include "kernels/decoder_rows/rotary.hpp"

#include "kernels/clones.hpp"

namespace litebench::kernels {
namespace {

template <typename T>
inline void rotate_all(const T* x, const T* cos, const T* sin, T* out, RotaryShape shape) {
  const std::int64_t half = shape.half;
  for (std::int64_t row = 0; row < shape.rows; ++row, cos += half, sin += half) {
    for (std::int64_t head = 0; head < shape.heads; ++head, x += 2 * half, out += 2 * half) {
      T* __restrict low = out;
      T* __restrict high = out + half;
      for (std::int64_t i = 0; i < half; ++i) {
        T a = x[i], b = x[half + i];
        rotate(a, b, cos[i], sin[i]);
        low[i] = a;
        high[i] = b;
      }
    }
  }
}

}  // namespace

LITEBENCH_WIDE void rotate_rows(const float* x, const float* cos, const float* sin, float* out,
                                RotaryShape shape) {
  rotate_all(x, cos, sin, out, shape);
}

LITEBENCH_WIDE void rotate_rows(const Bf16* x, const Bf16* cos, const Bf16* sin, Bf16* out,
                                RotaryShape shape) {
  rotate_all(x, cos, sin, out, shape);
}

}  // namespace litebench::kernels
