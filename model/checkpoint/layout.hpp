#pragma once
// Arithmetic on sizes that a hostile file may have chosen: nothing here overflows.

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace litebench::model {

static_assert(std::endian::native == std::endian::little, "checkpoint formats are read in place");

/// Little-endian number at `offset`; the caller has checked that it lies inside.
template <class T>
T load_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

constexpr std::size_t kMostDimensions = 16;

/// Elements of a shape; nothing when a size is negative, there are too many dimensions, or the product passes 2^48.
std::optional<std::int64_t> checked_numel(std::span<const std::int64_t> shape);

/// Elements from the first to the last one that shape and strides reach (0 for an empty tensor); nothing when a stride
/// is negative or the distance passes 2^48.
std::optional<std::int64_t> checked_extent(std::span<const std::int64_t> shape,
                                           std::span<const std::int64_t> strides);

/// Row-major strides. The shape has passed checked_numel.
std::vector<std::int64_t> contiguous_strides(std::span<const std::int64_t> shape);

/// "[32007, 4096]"
std::string to_string(std::span<const std::int64_t> shape);

}  // namespace litebench::model
