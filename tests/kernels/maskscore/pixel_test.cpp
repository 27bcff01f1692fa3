// What the threads of kernels/maskscore/maskscore.cu do, one after the other. Expected: MaskScorer, which maskscore_test.cpp
// compares with PyTorch.
#include "kernels/maskscore/pixel.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace litebench::kernels {
namespace {

// SAM's own sizes wide and tall, larger than SAM's input, rotated by EXIF, SAM not four to one, one pixel.
const std::vector<MaskFrame> kFrames{{64, 256, 192, 256, 120, 160}, {64, 256, 256, 171, 300, 200},
                                     {64, 256, 256, 256, 700, 640}, {64, 256, 256, 171, 90, 134},
                                     {20, 100, 75, 100, 48, 64},    {16, 64, 48, 64, 1, 1}};

std::vector<float> random_logits(const MaskFrame& frame, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(-0.2F, 2.0F);
  std::vector<float> logits(static_cast<std::size_t>(frame.low_res * frame.low_res));
  for (float& logit : logits) logit = normal(random);
  return logits;
}

std::vector<std::uint8_t> random_target(const MaskFrame& frame) {
  std::mt19937 random(3);
  std::vector<std::uint8_t> target(static_cast<std::size_t>(frame.height * frame.width));
  for (std::uint8_t& pixel : target) pixel = random() % 10 < 6 ? 0 : random() % 10 < 8 ? 1 : 2;
  return target;
}

/// All threads' shares of one mask.
MaskCounts<std::uint64_t> all_shares(const MaskGrid& grid, const float* logits,
                                     const std::uint8_t* target, std::uint8_t* mask,
                                     std::int32_t threads) {
  MaskCounts<std::uint64_t> sum{};
  for (std::int32_t thread = 0; thread < threads; ++thread) {
    const auto share = count_share(grid, logits, target, mask, thread, threads);
    sum.predicted += share.predicted;
    sum.hit += share.hit;
    sum.target += share.target;
    sum.overlap += share.overlap;
    sum.overlap_hit += share.overlap_hit;
    sum.infinite += share.infinite;
  }
  return sum;
}

TEST(MaskPixels, EveryLogitHasTheBitsOfTheReference) {
  for (const MaskFrame& frame : kFrames) {
    const std::vector<float> logits = random_logits(frame, 1);
    MaskDiagnostics wanted;
    MaskScorer(frame).score(logits.data(), nullptr, nullptr, &wanted);
    const MaskGrid grid = grid_of(frame);
    for (std::int32_t i = 0; i < grid.height * grid.width; ++i) {
      const float logit = logit_at(logits.data(), grid, i / grid.width, i % grid.width);
      ASSERT_EQ(std::bit_cast<std::uint32_t>(logit),
                std::bit_cast<std::uint32_t>(wanted.logits[static_cast<std::size_t>(i)]))
          << frame.height << " x " << frame.width << " pixel " << i;
    }
  }
}

TEST(MaskPixels, SharesAddUpToTheScoreAndTheMaskForAnyNumberOfThreads) {
  for (const MaskFrame& frame : kFrames) {
    const std::vector<float> logits = random_logits(frame, 2);
    const std::vector<std::uint8_t> target = random_target(frame);
    std::vector<std::uint8_t> wanted_mask(target.size());
    const MaskScore wanted =
        MaskScorer(frame).score(logits.data(), target.data(), wanted_mask.data());
    for (const std::int32_t threads : {1, 32, 256, 1024}) {
      std::vector<std::uint8_t> mask(target.size(), 9);
      const auto counts =
          all_shares(grid_of(frame), logits.data(), target.data(), mask.data(), threads);
      EXPECT_EQ(score_of(counts), wanted) << threads;
      EXPECT_EQ(counts.infinite, 0U);
      EXPECT_EQ(mask, wanted_mask);
    }
  }
}

TEST(MaskPixels, WithoutATargetOnlyThePredictionIsCounted) {
  const MaskFrame& frame = kFrames[0];
  const std::vector<float> logits = random_logits(frame, 4);
  const auto counts = all_shares(grid_of(frame), logits.data(), nullptr, nullptr, 64);
  EXPECT_EQ(score_of(counts), MaskScorer(frame).score(logits.data(), nullptr, nullptr));
}

TEST(MaskPixels, LogitsThatAreNoNumbersAreCounted) {
  const MaskFrame& frame = kFrames[0];
  std::vector<float> logits = random_logits(frame, 5);
  logits[7] = std::numeric_limits<float>::infinity();
  logits[4000] = -std::numeric_limits<float>::infinity();
  logits.back() = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(all_shares(grid_of(frame), logits.data(), nullptr, nullptr, 128).infinite, 3U);
}

}  // namespace
}  // namespace litebench::kernels
