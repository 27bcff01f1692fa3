// When a picture has been timed enough. Widths: scipy.stats.t.interval of the logarithms (SciPy 1.17).

#include "harness/evaluate/repeats.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <vector>

#include <gtest/gtest.h>

namespace litebench::evaluate {
namespace {

double width_of(std::initializer_list<double> log_ratios) {
  RunningMoments moments;
  for (const double value : log_ratios) moments.add(value);
  return relative_half_width(moments);
}

TEST(RelativeHalfWidth, IsThatOfStudentsIntervalOfTheLogarithms) {
  EXPECT_NEAR(width_of({0.1, 0.12, 0.08, 0.11, 0.09}), 0.019826415177080392, 1e-12);
  EXPECT_NEAR(width_of({-0.5, -0.7, -0.6}), 0.28199027308824376, 1e-11);
  EXPECT_NEAR(width_of({0.0, 0.02}), 0.13548746959757452, 1e-11);
}

TEST(RelativeHalfWidth, IsTheSameForARatioAndItsInverse) {
  EXPECT_DOUBLE_EQ(width_of({0.1, 0.12, 0.08}), width_of({-0.1, -0.12, -0.08}));
}

TEST(RelativeHalfWidth, OneValueTellsNothing) {
  EXPECT_TRUE(std::isinf(width_of({})));
  EXPECT_TRUE(std::isinf(width_of({0.3})));
}

config::LatencyPass between(std::int32_t least, std::int32_t most, double goal) {
  config::LatencyPass pass;
  pass.repeats = least;
  pass.repeats_max = most;
  pass.goal = goal;
  return pass;
}

/// How many of the rounds (the last one over and over) are done; the baseline comes first.
int rounds_done(const config::LatencyPass& pass, const std::vector<std::vector<std::int64_t>>& rounds,
                std::size_t baseline = 0) {
  RepeatRule rule(pass, rounds.front().size(), baseline);
  int done = 0;
  while (!rule.enough()) {
    rule.add(rounds[std::min<std::size_t>(static_cast<std::size_t>(done), rounds.size() - 1)]);
    ++done;
  }
  return done;
}

TEST(RepeatRule, WithoutAGoalEveryPictureHasTheSameRepeats) {
  EXPECT_EQ(rounds_done(between(5, 20, 0), {{100, 50}, {100, 90}}), 5);
}

TEST(RepeatRule, StopsAtTheLeastWhereTheRatioIsSteady) {
  // The machine drifts, and with it both times alike.
  EXPECT_EQ(rounds_done(between(3, 20, 0.01), {{100, 50}, {200, 100}, {400, 200}}), 3);
}

TEST(RepeatRule, GoesOnUntilTheIntervalIsNarrowerThanTheGoal) {
  // Half-widths by scipy after 2 to 5 rounds: 0.135, 0.0252, 0.0131, 0.0088.
  const std::vector<std::vector<std::int64_t>> rounds{
      {1'000'000, 1'000'000}, {1'000'000, 1'020'201}, {1'000'000, 1'010'050}, {1'000'000, 1'010'050}};
  EXPECT_EQ(rounds_done(between(2, 50, 0.14), rounds), 2);
  EXPECT_EQ(rounds_done(between(2, 50, 0.02), rounds), 4);
  EXPECT_EQ(rounds_done(between(2, 50, 0.01), rounds), 5);
}

TEST(RepeatRule, StopsAtTheMostHoweverWideTheInterval) {
  EXPECT_EQ(rounds_done(between(2, 7, 1e-9), {{100, 50}, {100, 60}, {100, 55}}), 7);
}

TEST(RepeatRule, TheWorstVariantDecides) {
  const std::vector<std::vector<std::int64_t>> rounds{{100, 50, 30}, {100, 50, 60}, {100, 50, 45}};
  EXPECT_EQ(rounds_done(between(3, 9, 0.05), rounds), 9);
}

TEST(RepeatRule, RatiosReferToTheBaselineWhereverItStands) {
  // Steady against the second; the third would need ages against the first.
  const std::vector<std::vector<std::int64_t>> rounds{{0, 100, 50}, {0, 300, 150}, {0, 150, 75}};
  EXPECT_EQ(rounds_done(between(3, 9, 0.01), rounds, 1), 3);
}

TEST(RepeatRule, APictureThatFailedForOneVariantIsRepeatedNoMoreThanItMust) {
  const std::vector<std::vector<std::int64_t>> rounds{{100, 50, -1}, {100, 60, 30}, {100, 55, 30}};
  EXPECT_EQ(rounds_done(between(3, 9, 1e-9), rounds), 3);
}

TEST(RepeatRule, VariantsThatCannotRunAreNotWaitedFor) {
  EXPECT_EQ(rounds_done(between(3, 9, 0.01), {{100, 50, 0}}), 3);
  EXPECT_EQ(rounds_done(between(3, 9, 0.01), {{0, 0}}), 3) << "nothing can run";
}

}  // namespace
}  // namespace litebench::evaluate
