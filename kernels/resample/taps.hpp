#pragma once
// Pillow's fixed-point weights, and one byte of a picture resized with them.

#include <cstdint>
#include <vector>

#include "kernels/host_device.hpp"
#include "kernels/resample/resample.hpp"

namespace litebench::kernels {

constexpr int kPrecision = 22;  ///< bits after the point of a weight
constexpr std::int32_t kHalf = 1 << (kPrecision - 1);

/// The source pixels of each wanted output position and their weights.
struct Taps {
  std::vector<std::int32_t> first, count;
  std::vector<std::int32_t> weights;  ///< `stride` per position
  std::int64_t stride = 0;
  [[nodiscard]] const std::int32_t* at(std::int64_t position) const {
    return weights.data() + position * stride;
  }
};

/// Taps of the output positions [begin, begin + count) of `in` pixels resized to `out`.
Taps make_taps(std::int64_t in, std::int64_t out, Filter filter, std::int64_t begin,
               std::int64_t count);

/// A sum of pixel × weight, begun with kHalf, as a grey level.
LB_HOST_DEVICE inline std::uint8_t grey_of(std::int32_t sum) {
  const std::int32_t level = sum >> kPrecision;
  return static_cast<std::uint8_t>(level < 0 ? 0 : level > 255 ? 255 : level);
}

/// One pass over pictures on a device, of rows (inner = channels, positions = width, outer = rows) or of columns (inner = width ×
/// channels, positions = height, outer = pictures). Pointers are to the device's memory.
struct ResamplePass {
  const std::uint8_t* in;  ///< [outer, in_positions, inner]
  std::uint8_t* out;       ///< [outer, positions, inner]
  std::int64_t outer, in_positions, positions, inner;
  const std::int32_t *first, *count, *weights;  ///< Taps of `positions`
  std::int64_t stride;
};

/// Byte `i` of the output of a pass.
LB_HOST_DEVICE inline std::uint8_t resampled(const ResamplePass& pass, std::int64_t i) {
  const std::int64_t position = i / pass.inner % pass.positions;
  const std::int64_t outer = i / pass.inner / pass.positions;
  const std::uint8_t* from =
      pass.in + (outer * pass.in_positions + pass.first[position]) * pass.inner + i % pass.inner;
  const std::int32_t* weights = pass.weights + position * pass.stride;
  std::int32_t sum = kHalf;
  for (std::int32_t j = 0; j < pass.count[position]; ++j) {
    sum += from[j * pass.inner] * weights[j];
  }
  return grey_of(sum);
}

}  // namespace litebench::kernels
