#include "model/checkpoint/layout.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace litebench::model {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 48;

}  // namespace

std::optional<std::int64_t> checked_numel(std::span<const std::int64_t> shape) {
  if (shape.size() > kMostDimensions) return std::nullopt;
  if (std::ranges::any_of(shape, [](auto size) { return size < 0 || size > kMostElements; }))
    return std::nullopt;
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  std::int64_t count = 1;
  for (const auto size : shape) {
    if (count > kMostElements / size) return std::nullopt;
    count *= size;
  }
  return count;
}

std::optional<std::int64_t> checked_extent(std::span<const std::int64_t> shape,
                                           std::span<const std::int64_t> strides) {
  const auto count = checked_numel(shape);
  if (!count || shape.size() != strides.size()) return std::nullopt;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (strides[i] < 0 || strides[i] > kMostElements) return std::nullopt;
    if (*count == 0 || shape[i] <= 1 || strides[i] == 0) continue;
    if (shape[i] - 1 > (kMostElements - last) / strides[i]) return std::nullopt;
    last += (shape[i] - 1) * strides[i];
  }
  return *count == 0 ? 0 : last + 1;
}

std::vector<std::int64_t> contiguous_strides(std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<std::int64_t>(shape[i], 1);
  return strides;
}

std::string to_string(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace litebench::model
