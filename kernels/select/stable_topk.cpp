#include "kernels/select/stable_topk.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "kernels/select/better.hpp"

namespace litebench::kernels {
namespace {

struct Better {
  const float* scores;
  Best best;
  Ties ties;
  bool operator()(std::int64_t a, std::int64_t b) const {
    return better(scores[a], a, scores[b], b, best, ties);
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
