// Every kernel of the CUDA half against its CPU reference, all equal to the last bit. Skipped without a GPU; what single threads
// do is tested on the CPU too (tests/kernels/*/{pixel,better,taps}_test.cpp). Not run on a GPU so far.

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "tests/model/cuda/fixture.hpp"

namespace litebench::kernels {
namespace {

using Bytes = std::vector<std::uint8_t>;
using CudaKernels = test::CudaKernels;

std::vector<float> random_scores(std::int64_t count, int values) {
  std::mt19937 random(11);
  std::vector<float> scores(static_cast<std::size_t>(count));
  for (float& score : scores) score = static_cast<float>(random() % values) - 1;
  for (std::size_t i = 5; i < scores.size(); i += 97) {
    scores[i] = std::numeric_limits<float>::quiet_NaN();
  }
  return scores;
}

TEST_F(CudaKernels, SelectTheSameIndicesInTheSameOrder) {
  constexpr std::int64_t kRows = 3;
  for (const std::int64_t n : {1, 127, 128, 129, 576, 4097}) {
    for (const int values : {2, 60, 100'000}) {
      const std::vector<float> scores = random_scores(kRows * n, values);
      const at::Tensor there = test::on_gpu(scores, {kRows, n});
      for (const Best best : {Best::largest, Best::smallest}) {
        for (const Ties ties : {Ties::lower, Ties::upper}) {
          for (const std::int64_t k : {std::int64_t{1}, (n + 2) / 3, n}) {
            std::vector<std::int64_t> wanted;
            for (std::int64_t row = 0; row < kRows; ++row) {
              const std::span<const float> own(scores.data() + row * n,
                                               static_cast<std::size_t>(n));
              for (const std::int64_t i : stable_topk(own, k, best, ties)) wanted.push_back(i);
            }
            EXPECT_EQ(test::on_cpu<std::int64_t>(test::topk(module(), there, k, best, ties)),
                      wanted)
                << k << " of " << n;
          }
        }
      }
    }
  }
}

TEST_F(CudaKernels, RefuseMoreThanThereIs) {
  const at::Tensor scores = test::on_gpu(random_scores(10, 5), {1, 10});
  EXPECT_THROW(test::topk(module(), scores, 11, Best::largest), std::exception);
}

TEST_F(CudaKernels, ScoreAndDrawMasksLikeTheReference) {
  constexpr std::int64_t kMasks = 5, kTargets = 2;
  const std::vector<std::int32_t> target_of{0, 1, 1, 0, 1};
  std::mt19937 random(2);
  std::normal_distribution<float> normal(-0.2F, 2.0F);
  for (const MaskFrame& frame :
       {MaskFrame{256, 1024, 768, 1024, 480, 640}, MaskFrame{256, 1024, 1024, 683, 1200, 800},
        MaskFrame{64, 256, 256, 171, 90, 134}, MaskFrame{16, 64, 48, 64, 1, 1}}) {
    std::vector<float> logits(static_cast<std::size_t>(kMasks * frame.low_res * frame.low_res));
    for (float& logit : logits) logit = normal(random);
    const std::int64_t pixels = frame.height * frame.width;
    Bytes targets(static_cast<std::size_t>(kTargets * pixels));
    for (std::uint8_t& pixel : targets) pixel = random() % 3;
    const test::GpuMasks found = test::score_masks(
        module(), frame, test::on_gpu(logits, {kMasks, frame.low_res, frame.low_res}),
        test::on_gpu(targets, {kTargets, frame.height, frame.width}),
        test::on_gpu(target_of, {kMasks}), true);
    const std::vector<MaskTotals> totals = test::totals_of(found);
    const Bytes drawn = test::on_cpu<std::uint8_t>(found.drawn);
    MaskScorer scorer(frame);
    for (std::int64_t m = 0; m < kMasks; ++m) {
      Bytes mask(static_cast<std::size_t>(pixels));
      const MaskScore wanted = scorer.score(
          logits.data() + m * frame.low_res * frame.low_res,
          targets.data() + target_of[static_cast<std::size_t>(m)] * pixels, mask.data());
      EXPECT_EQ(score_of(totals[static_cast<std::size_t>(m)]), wanted) << m;
      EXPECT_EQ(totals[static_cast<std::size_t>(m)].infinite, 0U);
      EXPECT_TRUE(std::equal(mask.begin(), mask.end(), drawn.begin() + m * pixels)) << m;
    }
  }
}

TEST_F(CudaKernels, ResizePicturesLikePillow) {
  std::mt19937 random(7);
  const std::int64_t channels = 3, in_h = 117, in_w = 203;
  for (const Filter filter : {Filter::bilinear, Filter::bicubic}) {
    for (const auto& [height, width] : {std::pair{31, 45}, {256, 444}, {117, 300}}) {
      Bytes both(static_cast<std::size_t>(2 * in_h * in_w * channels));
      for (std::uint8_t& byte : both) byte = random() % 256;
      Bytes wanted;
      const auto half = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
      for (const Bytes& one : {Bytes(both.begin(), half), Bytes(half, both.end())}) {
        const Bytes resized = resample({one, in_h, in_w, channels}, height, width, filter);
        wanted.insert(wanted.end(), resized.begin(), resized.end());
      }
      const at::Tensor found =
          test::resample(module(), test::on_gpu(both, {2, in_h, in_w, channels}),
                         test::GpuTaps(make_taps(in_w, width, filter, 0, width)),
                         test::GpuTaps(make_taps(in_h, height, filter, 0, height)));
      EXPECT_EQ(test::on_cpu<std::uint8_t>(found), wanted) << height << " x " << width;
    }
  }
}

}  // namespace
}  // namespace litebench::kernels
