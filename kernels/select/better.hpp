#pragma once
// The order that every selection follows, for one pair of scores and for one thread of a device.

#include <cstdint>

#include "kernels/host_device.hpp"
#include "kernels/select/stable_topk.hpp"

namespace litebench::kernels {

/// Whether score x of index i goes before score y of index j. A strict weak ordering although scores may be NaN: NaN is
/// worse than every number and equal to itself.
template <typename Real>
LB_HOST_DEVICE inline bool better(Real x, std::int64_t i, Real y, std::int64_t j, Best best,
                                  Ties ties) {
  const bool x_nan = x != x, y_nan = y != y;
  if (x_nan != y_nan) return y_nan;
  if (!x_nan && x != y) return best == Best::largest ? x > y : x < y;
  return ties == Ties::lower ? i < j : j < i;
}

/// How many of `count` scores, whose indices begin at `first`, go before score x of index i. Added up over all parts
/// of a row this is the place of i in stable_argsort.
LB_HOST_DEVICE inline std::int64_t how_many_before(const float* scores, std::int64_t first,
                                                   std::int64_t count, float x, std::int64_t i,
                                                   Best best, Ties ties) {
  std::int64_t before = 0;
  for (std::int64_t j = 0; j < count; ++j) {
    before += better(scores[j], first + j, x, i, best, ties) ? 1 : 0;
  }
  return before;
}

}  // namespace litebench::kernels
