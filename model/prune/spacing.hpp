#pragma once
// Evenly spaced indices and cells.

#include <cstdint>
#include <vector>

namespace litebench::prune {

/// Centres of n equal cells of [0, size): ⌊(2j + 1)·size / 2n⌋. Distinct for n <= size.
inline std::vector<std::int64_t> spaced(std::int64_t n, std::int64_t size) {
  std::vector<std::int64_t> out;
  for (std::int64_t j = 0; j < n; ++j) out.push_back((2 * j + 1) * size / (2 * n));
  return out;
}

/// Rows of the most square grid of `tokens` cells that fits into side × side; 0 when there is none
/// (large primes).
inline std::int64_t grid_rows(std::int64_t tokens, std::int64_t side) {
  std::int64_t best = 0;
  for (std::int64_t rows = 1; rows <= side && rows * rows <= tokens; ++rows) {
    if (tokens % rows == 0 && tokens / rows <= side) best = rows;
  }
  return best;
}

}  // namespace litebench::prune
