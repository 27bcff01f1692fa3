#include "kernels/select/stable_topk.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace litebench::kernels {
namespace {

using Indices = std::vector<std::int64_t>;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// Oracle: a stable sort of (is NaN, score) pairs, which keeps index order among equals by
// definition.
Indices by_stable_sort(const std::vector<float>& scores, Best best) {
  Indices order(scores.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const float x = scores[a], y = scores[b];
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
    return best == Best::largest ? x > y : x < y;
  });
  return order;
}

TEST(StableTopk, GivesTheLowestIndexFirstAmongEqualScores) {
  const std::vector<float> scores = {1, 3, 3, 2, 3, 1};
  EXPECT_EQ(stable_topk(scores, 2, Best::largest), (Indices{1, 2}));
  EXPECT_EQ(stable_argsort(scores, Best::largest), (Indices{1, 2, 4, 3, 0, 5}));
  EXPECT_EQ(stable_argsort(scores, Best::smallest), (Indices{0, 5, 3, 1, 2, 4}));
}

TEST(StableTopk, GivesTheHighestIndexFirstWhereThatIsAskedFor) {
  const std::vector<float> scores = {1, 3, 3, 2, 3, kNan, kNan};
  EXPECT_EQ(stable_topk(scores, 2, Best::largest, Ties::upper), (Indices{4, 2}));
  EXPECT_EQ(stable_argsort(scores, Best::largest, Ties::upper), (Indices{4, 2, 1, 3, 0, 6, 5}));
  EXPECT_EQ(stable_argsort(scores, Best::smallest, Ties::upper), (Indices{0, 3, 4, 2, 1, 6, 5}));
}

TEST(StableTopk, RanksNanLastAtBothEnds) {
  const std::vector<float> scores = {kNan, kInf, -kInf, kNan, 0};
  EXPECT_EQ(stable_argsort(scores, Best::largest), (Indices{1, 4, 2, 0, 3}));
  EXPECT_EQ(stable_argsort(scores, Best::smallest), (Indices{2, 4, 1, 0, 3}));
}

TEST(StableTopk, TreatsBothZerosAsEqual) {
  EXPECT_EQ(stable_argsort(std::vector<float>{-0.0F, 0.0F}, Best::largest), (Indices{0, 1}));
  EXPECT_EQ(stable_argsort(std::vector<float>{-0.0F, 0.0F}, Best::smallest), (Indices{0, 1}));
}

TEST(StableTopk, IsThePrefixOfTheStableOrderForEveryK) {
  std::mt19937 generator(5);
  for (const int values : {3, 90, 100000}) {  // few values: mostly ties, as in bf16
    std::vector<float> scores(576);
    for (float& score : scores) score = static_cast<float>(generator() % values) - 1;
    scores[17] = scores[400] = kNan;
    for (const Best best : {Best::largest, Best::smallest}) {
      const Indices expected = by_stable_sort(scores, best);
      EXPECT_EQ(stable_argsort(scores, best), expected);
      for (const std::int64_t k : {0, 1, 21, 64, 192, 575, 576}) {
        EXPECT_EQ(stable_topk(scores, k, best), Indices(expected.begin(), expected.begin() + k));
      }
    }
  }
}

TEST(StableTopk, TakesNoScoresAtAll) {
  EXPECT_TRUE(stable_argsort({}, Best::largest).empty());
  EXPECT_TRUE(stable_topk({}, 0, Best::smallest).empty());
}

}  // namespace
}  // namespace litebench::kernels
