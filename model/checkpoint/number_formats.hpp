#pragma once
// bfloat16, IEEE half and float32 as bit patterns, for code that has no LibTorch. Rounding is to nearest, ties to even.

#include <bit>
#include <cstdint>

namespace litebench::model {

inline float bf16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

inline std::uint16_t float_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  // Rounding could carry a NaN's mantissa into the sign; LibTorch maps every NaN to 0x7fc0.
  if ((bits & 0x7fffffffU) > 0x7f800000U) return 0x7fc0;
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

float half_to_float(std::uint16_t bits);
std::uint16_t float_to_half(float value);

}  // namespace litebench::model
