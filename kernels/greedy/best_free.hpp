#pragma once
// The step that greedy selections share.

#include <cmath>
#include <cstddef>
#include <vector>

namespace litebench::kernels {

/// Index of the largest score among the items that are not taken; equal scores: the lowest index;
/// NaN is below everything. Requires that one is free.
template <typename Real>
std::size_t best_free(const std::vector<Real>& score, const std::vector<bool>& taken) {
  std::size_t best = score.size();
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (taken[i]) continue;
    if (best == score.size() || score[i] > score[best] ||
        (std::isnan(score[best]) && !std::isnan(score[i]))) {
      best = i;
    }
  }
  return best;
}

}  // namespace litebench::kernels
