// What the threads of kernels/select/topk.cu do, one after the other: each counts who goes before its score.
#include "kernels/select/better.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace litebench::kernels {
namespace {

using Indices = std::vector<std::int64_t>;

Indices by_counting(const std::vector<float>& scores, std::int64_t k, Best best, Ties ties,
                    std::int64_t part) {
  const auto n = static_cast<std::int64_t>(scores.size());
  Indices out(static_cast<std::size_t>(k), -1);
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t place = 0;
    for (std::int64_t first = 0; first < n; first += part) {
      place += how_many_before(scores.data() + first, first, std::min(part, n - first),
                               scores[static_cast<std::size_t>(i)], i, best, ties);
    }
    if (place < k) out[static_cast<std::size_t>(place)] = i;
  }
  return out;
}

TEST(CountingRanks, AreThePlacesOfTheStableOrder) {
  std::mt19937 random(11);
  for (const std::int64_t n : {1, 127, 128, 129, 576}) {
    for (const int values : {2, 60, 100'000}) {
      std::vector<float> scores(static_cast<std::size_t>(n));
      for (float& score : scores) score = static_cast<float>(random() % values) - 1;
      if (n > 5) {
        scores[2] = scores[5] = std::numeric_limits<float>::quiet_NaN();
        scores[3] = -0.0F;
        scores[4] = std::numeric_limits<float>::infinity();
      }
      for (const Best best : {Best::largest, Best::smallest}) {
        for (const Ties ties : {Ties::lower, Ties::upper}) {
          for (const std::int64_t k : {std::int64_t{0}, std::min<std::int64_t>(n, 64), n}) {
            EXPECT_EQ(by_counting(scores, k, best, ties, 128), stable_topk(scores, k, best, ties))
                << n << " scores, " << values << " values";
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace litebench::kernels
