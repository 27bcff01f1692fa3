#include "harness/evaluate/shares.hpp"

#include <numeric>

#include <gtest/gtest.h>

namespace litebench::evaluate {
namespace {

using Parts = std::vector<std::int64_t>;

TEST(Shares, AreInProportionAndAddUp) {
  EXPECT_EQ(shares(100, Parts{1, 3}), (Parts{25, 75}));
  EXPECT_EQ(shares(10, Parts{1, 1, 1}), (Parts{3, 4, 3}));
  const Parts odd = shares(1'000'000'007, Parts{7, 0, 11, 13});
  EXPECT_EQ(std::accumulate(odd.begin(), odd.end(), std::int64_t{0}), 1'000'000'007);
  EXPECT_EQ(odd[1], 0);
}

TEST(Shares, AreEqualWhereNothingWasWeighed) {
  EXPECT_EQ(shares(9, Parts{0, 0, 0}), (Parts{3, 3, 3}));
  EXPECT_EQ(shares(5, Parts{0}), Parts{5});
  EXPECT_EQ(shares(5, Parts{}), Parts{});
}

}  // namespace
}  // namespace litebench::evaluate
