#include "harness/progress/progress.hpp"

#include <gtest/gtest.h>

namespace litebench::progress {
namespace {

TEST(Progress, TellsRateAndTimeLeft) {
  EXPECT_EQ(progress_text(0, 10, 0, 1, 3), "0/10 bundles on 1 rank");
  EXPECT_EQ(progress_text(20, 100, 0, 2, 10), "20/100 bundles on 2 ranks, 2.0 a second, 40 s left");
  EXPECT_EQ(progress_text(10, 10, 0, 2, 100), "10/10 bundles on 2 ranks, 10.0 s each");
}

TEST(Progress, BundlesOfEarlierAttemptsDoNotFlatterTheRate) {
  EXPECT_EQ(progress_text(10, 100, 50, 1, 10), "60/100 bundles on 1 rank, 1.0 a second, 40 s left");
}

TEST(Progress, SpellsDurationsInTheUnitTheyAreReadIn) {
  EXPECT_EQ(duration_text(5), "5 s");
  EXPECT_EQ(duration_text(600), "10 min");
  EXPECT_EQ(duration_text(9000), "2.5 h");
}

}  // namespace
}  // namespace litebench::progress
