#pragma once
// max_min_selection by one block of threads: the same picks. Only comparisons decide, so the order of the work does not.

#include <limits>

#include "kernels/greedy/block.hpp"

namespace litebench::kernels {

inline constexpr float kNothingNear = std::numeric_limits<float>::infinity();

/// The two smallest of some numbers, kNothingNear where there are fewer; NaN is none of them.
struct TwoSmallest {
  float first, second;

  LB_HOST_DEVICE void add(float value) {
    if (value < first) {
      second = first;
      first = value;
    } else if (value < second) {
      second = value;
    }
  }
};

/// `distance`: [n, n]; `parts`: [threads], shared; `out`: [k].
template <typename Block>
LB_HOST_DEVICE inline void max_min_block(Block& block, const float* distance, std::int32_t n,
                                         std::int32_t k, const Race<float>& race,
                                         TwoSmallest* parts, std::int64_t* out) {
  each_row(
      block, n, parts,
      [&](std::int32_t row, std::int32_t lane, std::int32_t lanes) {
        TwoSmallest least{kNothingNear, kNothingNear};
        for (std::int32_t j = lane; j < n; j += lanes)
          least.add(distance[std::int64_t{row} * n + j]);
        return least;
      },
      [&](std::int32_t row, const TwoSmallest* shares, std::int32_t lanes) {
        TwoSmallest least{kNothingNear, kNothingNear};
        for (std::int32_t lane = 0; lane < lanes; ++lane) {
          least.add(shares[lane].first);
          least.add(shares[lane].second);
        }
        race.score[row] = least.second;
        race.taken[row] = false;
      });
  for (std::int32_t step = 0; step < k; ++step) {
    const std::int32_t pick = find_best(block, race, n).item;
    const float* row = distance + std::int64_t{pick} * n;
    block.each([&](std::int32_t thread) {
      own_items(block, thread, n, [&](std::int32_t i) {
        // The first pick goes by the nearest neighbour, all later ones by the nearest pick.
        const float before = step == 0 ? kNothingNear : race.score[i];
        race.score[i] = row[i] < before ? row[i] : before;
        if (i == pick) race.taken[i] = true;
      });
      if (thread == 0) out[step] = pick;
    });
  }
}

}  // namespace litebench::kernels
