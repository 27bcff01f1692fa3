#include "model/checkpoint/number_formats.hpp"

#include <cmath>

namespace litebench::model {
namespace {

constexpr int kHalfBias = 15, kFloatBias = 127, kMantissaGap = 23 - 10;
constexpr std::uint32_t kHalfInfinity = 0x7c00, kHalfNan = 0x7e00;

}  // namespace

float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1fU, mantissa = bits & 0x3ffU;
  if (exponent == 0) {  // zero or subnormal: mantissa units of 2^-24
    const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 0x1f ? 0xffU : exponent + (kFloatBias - kHalfBias);
  return std::bit_cast<float>(sign | (wide << 23) | (mantissa << kMantissaGap));
}

std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return static_cast<std::uint16_t>(sign | kHalfNan);
  const int exponent = static_cast<int>(magnitude >> 23) - kFloatBias;
  if (exponent > 15) return static_cast<std::uint16_t>(sign | kHalfInfinity);
  if (exponent < -25) return sign;  // below half of the smallest subnormal
  // The full mantissa, shifted so that one unit is one half-precision step; one bit more for each
  // exponent below -14.
  const std::uint32_t mantissa = (magnitude & 0x7fffffU) | 0x800000U;
  const int shift = exponent < -14 ? kMantissaGap + (-14 - exponent) : kMantissaGap;
  const std::uint32_t rest = mantissa & ((1U << shift) - 1), half = 1U << (shift - 1);
  std::uint32_t result = mantissa >> shift;
  // A normal number's leading one adds itself to the exponent field; a carry out of the mantissa does the same.
  if (exponent >= -14) result += static_cast<std::uint32_t>(exponent + kHalfBias - 1) << 10;
  if (rest > half || (rest == half && (result & 1U) != 0)) ++result;
  return static_cast<std::uint16_t>(sign | result);
}

}  // namespace litebench::model
