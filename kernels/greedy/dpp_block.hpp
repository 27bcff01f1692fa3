#pragma once
// dpp_selection by one block of threads: the same picks. Every item's sums are one thread's, in the order of the CPU's, and its
// operations are those that IEEE 754 rounds alike everywhere: + − × ÷ √ in double.

#include <cmath>

#include "kernels/greedy/block.hpp"

namespace litebench::kernels {

/// Smaller pivots would blow rounding noise up to picks-sized numbers.
inline constexpr double kLeastPivot = 1e-10;

/// Entry of the kernel matrix for relevances r and a similarity s.
LB_HOST_DEVICE inline double dpp_entry(float r_i, float s_ij, float r_j) {
  return static_cast<double>(r_i) * s_ij * r_j;
}

/// What a pick's row of the Cholesky factor is divided by.
LB_HOST_DEVICE inline double dpp_root(double gain) {
  return std::sqrt(gain < kLeastPivot ? kLeastPivot : gain);
}

/// `similarity`: [n, n]; `relevance`: [n]; `rows`: [k, n], memory for the Cholesky factor; `out`: [k].
template <typename Block>
LB_HOST_DEVICE inline void dpp_block(Block& block, const float* similarity, const float* relevance,
                                     std::int32_t n, std::int32_t k, const Race<double>& race,
                                     double* rows, std::int64_t* out) {
  block.each([&](std::int32_t thread) {
    own_items(block, thread, n, [&](std::int32_t i) {
      race.score[i] = dpp_entry(relevance[i], similarity[std::int64_t{i} * n + i], relevance[i]);
      race.taken[i] = false;
    });
  });
  for (std::int32_t step = 0; step < k; ++step) {
    const Candidate<double> best = find_best(block, race, n);
    const float* alike = similarity + std::int64_t{best.item} * n;
    const double root = dpp_root(best.score);
    block.each([&](std::int32_t thread) {
      own_items(block, thread, n, [&](std::int32_t i) {
        if (i == best.item) race.taken[i] = true;
        if (race.taken[i]) return;  // nobody reads its column again
        double value = dpp_entry(relevance[best.item], alike[i], relevance[i]);
        for (std::int32_t earlier = 0; earlier < step; ++earlier) {
          const double* before = rows + std::int64_t{earlier} * n;
          value -= before[best.item] * before[i];
        }
        value /= root;
        rows[std::int64_t{step} * n + i] = value;
        race.score[i] -= value * value;
      });
      if (thread == 0) out[step] = best.item;
    });
  }
}

}  // namespace litebench::kernels
