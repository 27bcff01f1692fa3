#pragma once
// Evenly spaced indices.

#include <cstdint>
#include <vector>

namespace litebench::prune {

/// Centres of n equal cells of [0, size): ⌊(2j + 1)·size / 2n⌋. Distinct for n <= size.
inline std::vector<std::int64_t> spaced(std::int64_t n, std::int64_t size) {
  std::vector<std::int64_t> out;
  for (std::int64_t j = 0; j < n; ++j) out.push_back((2 * j + 1) * size / (2 * n));
  return out;
}

}  // namespace litebench::prune
