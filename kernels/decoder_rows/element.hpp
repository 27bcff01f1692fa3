#pragma once
// What a device thread loads at once, and how it rounds: every operation is done in fp32 and rounded to the element's type
// at once, as ATen does it operation by operation.

#include <cstdint>
#include <cstring>

#include "kernels/host_device.hpp"

namespace litebench::kernels {

enum class Element : std::int32_t { fp32, bf16 };

/// The bits of a bfloat16.
struct Bf16 {
  std::uint16_t bits;
};

LB_HOST_DEVICE inline float widened(float x) { return x; }

LB_HOST_DEVICE inline float widened(Bf16 x) {
  const std::uint32_t bits = std::uint32_t{x.bits} << 16;
  float wide = 0;
  memcpy(&wide, &bits, sizeof wide);
  return wide;
}

template <typename T>
LB_HOST_DEVICE T rounded(float x);

template <>
LB_HOST_DEVICE inline float rounded<float>(float x) {
  return x;
}

/// To the nearest, ties to even. NaN stays NaN, with other bits on a device.
template <>
LB_HOST_DEVICE inline Bf16 rounded<Bf16>(float x) {
#ifdef __CUDA_ARCH__
  Bf16 out;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(out.bits) : "f"(x));
  return out;
#else
  std::uint32_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  const std::uint32_t nearest = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return {static_cast<std::uint16_t>(x != x ? 0x7FC0 : nearest)};  // no branch: vectorised
#endif
}

template <typename T>
LB_HOST_DEVICE inline T product(T x, T y) {
  return rounded<T>(widened(x) * widened(y));
}

/// 16 bytes, the most that one load brings.
template <typename T>
struct alignas(16) Pack {
  static constexpr int kCount = 16 / sizeof(T);
  T values[kCount];
};

}  // namespace litebench::kernels
