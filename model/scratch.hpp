#pragma once
// How much a tower may lay out at once in a temporary that it could as well fill piece by piece.

#include <algorithm>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace litebench::model {

/// Bytes of one such temporary. On a CPU about what its last-level cache serves; on a GPU enough to fill the device.
inline std::int64_t scratch_bytes(const at::Device& device) {
  return device.is_cpu() ? std::int64_t{16} << 20 : std::int64_t{1} << 30;
}

/// How many items of `item_bytes` to take at once: at least one, at most `items`.
inline std::int64_t items_at_once(const at::Device& device, std::int64_t items,
                                  std::int64_t item_bytes) {
  return std::clamp<std::int64_t>(scratch_bytes(device) / item_bytes, 1, items);
}

}  // namespace litebench::model
