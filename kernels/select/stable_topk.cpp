#include "kernels/select/stable_topk.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace litebench::kernels {
namespace {

// A strict weak ordering although the scores may hold NaN: NaN is worse than every number and equal
// to itself.
struct Better {
  const float* scores;
  Best best;
  Ties ties;
  bool operator()(std::int64_t a, std::int64_t b) const {
    const float x = scores[a], y = scores[b];
    const bool x_nan = std::isnan(x), y_nan = std::isnan(y);
    if (x_nan != y_nan) return y_nan;
    if (!x_nan && x != y) return best == Best::largest ? x > y : x < y;
    return ties == Ties::lower ? a < b : b < a;
  }
};

}  // namespace

void stable_argsort(const float* scores, std::int64_t n, Best best, std::int64_t* out, Ties ties) {
  std::iota(out, out + n, std::int64_t{0});
  std::sort(out, out + n, Better{scores, best, ties});
}

void stable_topk(const float* scores, std::int64_t n, std::int64_t k, Best best, std::int64_t* out,
                 Ties ties) {
  assert(0 <= k && k <= n);
  std::vector<std::int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  std::partial_sort_copy(all.begin(), all.end(), out, out + k, Better{scores, best, ties});
}

std::vector<std::int64_t> stable_argsort(std::span<const float> scores, Best best, Ties ties) {
  std::vector<std::int64_t> order(scores.size());
  stable_argsort(scores.data(), static_cast<std::int64_t>(scores.size()), best, order.data(), ties);
  return order;
}

std::vector<std::int64_t> stable_topk(std::span<const float> scores, std::int64_t k, Best best,
                                      Ties ties) {
  assert(k >= 0);
  std::vector<std::int64_t> order(static_cast<std::size_t>(k));
  stable_topk(scores.data(), static_cast<std::int64_t>(scores.size()), k, best, order.data(), ties);
  return order;
}

}  // namespace litebench::kernels
