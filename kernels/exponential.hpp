#pragma once
// The exponential function in a form that compilers turn into vector instructions.

#include <bit>
#include <cmath>
#include <cstdint>

namespace litebench::kernels {

/// exp of x <= 0: 2^k · p(x − k ln 2), p by Taylor's series on [−ln 2 / 2, ln 2 / 2]. Never below
/// e^-87; NaN in, NaN out.
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

}  // namespace litebench::kernels
