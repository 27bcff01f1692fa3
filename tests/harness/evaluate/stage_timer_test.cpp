// Stage times on a clock whose time the test decides.

#include "harness/evaluate/stage_timer.hpp"

#include <gtest/gtest.h>

namespace litebench::evaluate {
namespace {

using store::Stage;

/// A device that is `now` ms far; like CUDA's, it may be asked only after the last mark.
class FakeClock final : public measure::Clock {
 public:
  double now = 0;
  int waits = 0;

  std::size_t mark() override {
    EXPECT_EQ(waits, 0) << "a stage waited for the device";
    marks_.push_back(now);
    return marks_.size() - 1;
  }
  double milliseconds(std::size_t begin, std::size_t end) override {
    ++waits;
    return marks_.at(end) - marks_.at(begin);
  }
  void clear() override {
    waits = 0;
    marks_.clear();
  }

 private:
  std::vector<double> marks_;
};

std::int64_t of(const StageTimes& times, Stage stage) {
  return times[static_cast<std::size_t>(stage)];
}

TEST(StageTimer, GivesEveryStageTheTimeSinceTheOneBefore) {
  FakeClock clock;
  StageTimer timer(clock);
  clock.now += 4;   // read and decoded on the host
  timer.skip();
  EXPECT_EQ(timer.timed(Stage::clip, [&] { clock.now += 2; return 7; }), 7);
  clock.now += 0.25;   // between two stages
  timer.timed(Stage::select, [&] { clock.now += 0.5; return 0; });
  timer.timed(Stage::prefill, [&] { clock.now += 8.000001; return 0; });
  StageTimes times{};
  EXPECT_EQ(timer.read(times), 14'750'001);
  EXPECT_EQ(of(times, Stage::clip), 2'000'000);
  EXPECT_EQ(of(times, Stage::select), 750'000);
  EXPECT_EQ(of(times, Stage::prefill), 8'000'001);
  EXPECT_EQ(of(times, Stage::sam), 0);
}

TEST(StageTimer, AddsUpAStageThatComesTwice) {
  FakeClock clock;
  StageTimer timer(clock);
  for (int i = 0; i < 2; ++i) timer.timed(Stage::mask, [&] { clock.now += 1.5; return 0; });
  StageTimes times{};
  EXPECT_EQ(timer.read(times), 3'000'000);
  EXPECT_EQ(of(times, Stage::mask), 3'000'000);
}

TEST(StageTimer, StartsTheClockAnew) {
  FakeClock clock;
  clock.now = 100;
  StageTimes first{}, second{};
  EXPECT_EQ(StageTimer(clock).read(first), 0);
  StageTimer timer(clock);
  timer.timed(Stage::post, [&] { clock.now += 1; return 0; });
  EXPECT_EQ(timer.read(second), 1'000'000);
}

}  // namespace
}  // namespace litebench::evaluate
