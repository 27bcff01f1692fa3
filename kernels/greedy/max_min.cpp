#include "kernels/greedy/max_min.hpp"

#include <algorithm>
#include <cassert>
#include <span>

#include "kernels/greedy/best_free.hpp"
#include "kernels/greedy/max_min_block.hpp"

namespace litebench::kernels {
namespace {

float second_smallest(std::span<const float> values) {
  TwoSmallest least{kNothingNear, kNothingNear};
  for (const float value : values) least.add(value);
  return least.second;
}

}  // namespace

std::vector<std::int64_t> max_min_selection(const float* distance, std::int64_t n, std::int64_t k) {
  assert(0 <= k && k <= n);
  const auto size = static_cast<std::size_t>(n);
  std::vector<float> nearest(size);
  for (std::size_t i = 0; i < size; ++i) nearest[i] = second_smallest({distance + i * size, size});
  std::vector<bool> taken(size, false);
  std::vector<std::int64_t> picks;
  while (static_cast<std::int64_t>(picks.size()) < k) {
    const std::size_t pick = best_free(nearest, taken);
    taken[pick] = true;
    const float* row = distance + pick * size;
    // The scores of the first pick are nearest-neighbour distances; from here on only distances to
    // picks count.
    if (picks.empty()) std::fill(nearest.begin(), nearest.end(), kNothingNear);
    for (std::size_t i = 0; i < size; ++i) nearest[i] = std::min(nearest[i], row[i]);
    picks.push_back(static_cast<std::int64_t>(pick));
  }
  return picks;
}

}  // namespace litebench::kernels
