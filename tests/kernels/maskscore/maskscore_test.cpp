// Expected logits, masks and counts: PyTorch and the reference's evaluation script
// (tests/golden/tiny/README.md).
#include "kernels/maskscore/maskscore.hpp"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

namespace litebench::kernels {
namespace {

using test::int_list;
using test::Tensors;

/// COCO's compressed run lengths (column-major) as a row-major 0/1 mask.
std::vector<std::uint8_t> mask_of_rle(std::string_view text, std::int64_t height,
                                      std::int64_t width) {
  std::vector<std::int64_t> runs;
  for (std::size_t at = 0; at < text.size();) {
    std::int64_t value = 0, part = 0;
    int shift = 0;
    do {
      part = text[at++] - 48;
      value |= (part & 31) << shift;
      shift += 5;
    } while ((part & 32) != 0);
    if ((part & 16) != 0) value |= -(std::int64_t{1} << shift);
    runs.push_back(runs.size() > 2 ? value + runs[runs.size() - 2] : value);
  }
  std::vector<std::uint8_t> mask(height * width);
  std::int64_t at = 0;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const std::int64_t end = at + runs[run]; at < end; ++at) {
      mask.at(at % height * width + at / height) = run % 2;
    }
  }
  return mask;
}

float largest_difference(const std::vector<float>& a, const float* b) {
  float most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::fabs(a[i] - b[i]));
  return most;
}

TEST(MaskScore, FinalLogitsEqualPyTorchsTwoInterpolations) {
  const auto document = test::expected_json("resample.json");
  const Tensors tensors("resample.safetensors");
  int cases = 0;
  document.root().each([&](json::Value entry) {
    const std::string name(entry.at("name").as_string());
    if (!name.starts_with("post.")) return;
    SCOPED_TRACE(name);
    const auto low = tensors.get<float>(name + ".in"), wanted = tensors.get<float>(name + ".out");
    const auto resized = int_list(entry.at("input_size")),
               size = int_list(entry.at("original_size"));
    const std::int64_t low_res = tensors.shape(name + ".in").at(3), pixels = size[0] * size[1];
    MaskScorer scorer(
        {low_res, entry.at("img_size").as_int(), resized[0], resized[1], size[0], size[1]});
    for (std::int64_t q = 0; q < 2; ++q) {
      MaskDiagnostics diagnostics;
      std::vector<std::uint8_t> mask(pixels);
      const MaskScore score =
          scorer.score(low.data() + q * low_res * low_res, nullptr, mask.data(), &diagnostics);
      const float* logits = wanted.data() + q * pixels;
      EXPECT_LE(largest_difference(diagnostics.logits, logits), 1e-6F);
      std::int64_t positive = 0;
      for (std::int64_t i = 0; i < pixels; ++i) {
        ASSERT_EQ(mask[i] != 0, logits[i] > 0) << "pixel " << i << " with logit " << logits[i];
        positive += mask[i];
      }
      EXPECT_EQ(score, (MaskScore{0, positive, positive, 0, 0, 0}));
    }
    ++cases;
  });
  EXPECT_EQ(cases, 4);
}

/// One expression × variant of the recorded evaluation.
struct Recorded {
  json::Value sample, run;        ///< eval.json
  std::string_view mask, target;  ///< masks.json
  std::int64_t turn = 0;
};

void expect_recorded(const Recorded& recorded, MaskScorer& scorer, const float* low_res,
                     const float* grid, std::int64_t side) {
  const MaskFrame& frame = scorer.frame();
  const std::int64_t pixels = frame.height * frame.width;
  const auto target = mask_of_rle(recorded.target, frame.height, frame.width);
  std::vector<std::uint8_t> mask(pixels);
  MaskDiagnostics diagnostics;
  const MaskScore score = scorer.score(low_res, target.data(), mask.data(), &diagnostics);
  for (std::int64_t i = 0; i < side; ++i) {
    for (std::int64_t j = 0; j < side; ++j) {
      const auto y = (2 * i + 1) * frame.height / (2 * side),
                 x = (2 * j + 1) * frame.width / (2 * side);
      ASSERT_EQ(diagnostics.logits[y * frame.width + x], grid[i * side + j]) << y << ", " << x;
    }
  }
  EXPECT_EQ(mask, mask_of_rle(recorded.mask, frame.height, frame.width));
  std::vector<std::vector<std::int64_t>> intersections, unions;
  recorded.run.at("I").each(
      [&](json::Value classes) { intersections.push_back(int_list(classes)); });
  recorded.run.at("U").each([&](json::Value classes) { unions.push_back(int_list(classes)); });
  EXPECT_EQ(diagnostics.near_zero, int_list(recorded.run.at("near")).at(recorded.turn));
  std::int64_t overlap = -1, turn = 0;
  recorded.sample.at("gt").each([&](json::Value gt) {
    if (turn++ == recorded.turn) overlap = gt.at("count_ge2").as_int();
  });
  if (overlap != 0)
    return;  // masks.json records the target's union, which is the target only without overlap
  EXPECT_EQ(score.intersection, intersections.at(recorded.turn).at(1));
  EXPECT_EQ(score.union_, unions.at(recorded.turn).at(1));
  const BackgroundScore ground = background(score, pixels);
  EXPECT_EQ(ground.intersection, intersections.at(recorded.turn).at(0));
  EXPECT_EQ(ground.union_, unions.at(recorded.turn).at(0));
}

json::Value element(const json::Value& array, std::int64_t index) {
  json::Value found = array;
  std::int64_t at = 0;
  array.each([&](json::Value value) {
    if (at++ == index) found = value;
  });
  return found;
}

TEST(MaskScore, RecordedSamplesGiveTheReferencesMasksAndCounts) {
  const auto samples = test::expected_json("samples.json"), eval = test::expected_json("eval.json"),
             masks = test::expected_json("masks.json");
  int scored = 0;
  samples.root().at("samples").each([&](json::Value entry) {
    SCOPED_TRACE(entry.at("file").as_string());
    const Tensors tensors(entry.at("file").as_string());
    const auto split = entry.at("split").as_string();
    const std::int64_t index = entry.at("index").as_int();
    const auto sample = element(eval.root().at(split).at("samples"), index);
    const auto resized = int_list(sample.at("resize_hw"));
    eval.root().at(split).at("runs").each_member([&](std::string_view variant, json::Value run) {
      const std::string name(variant);
      if (!tensors.has(name + ".low_res_logits")) return;
      SCOPED_TRACE(name);
      const auto shape = tensors.shape(name + ".low_res_logits");
      const std::int64_t side = tensors.shape(name + ".final_logits_grid").at(1);
      const auto low = tensors.get<float>(name + ".low_res_logits"),
                 grid = tensors.get<float>(name + ".final_logits_grid");
      MaskScorer scorer({shape[2], 4 * shape[2], resized[0], resized[1],
                         sample.at("height").as_int(), sample.at("width").as_int()});
      const auto predicted = test::string_list(element(masks.root().at(split).at(variant), index));
      const auto targets = test::string_list(element(masks.root().at(split).at("gt"), index));
      for (std::int64_t q = 0; q < shape[0]; ++q) {
        expect_recorded(
            {sample, element(run.at("samples"), index), predicted.at(q), targets.at(q), q}, scorer,
            low.data() + q * shape[1] * shape[2], grid.data() + q * side * side, side);
        ++scored;
      }
    });
  });
  EXPECT_EQ(scored, 4);  // the two samples whose low-res logits are recorded whole
}

TEST(MaskScore, CountsFollowTheirDefinitionsForTargetsWithOverlap) {
  std::mt19937 random(7);
  for (const std::int64_t pixels : {1, 31, 32, 1000, 70'000}) {
    std::vector<std::uint8_t> mask(pixels), target(pixels);
    MaskScore wanted;
    std::int64_t both_zero = 0, mask_zero = 0, target_zero = 0;
    for (std::int64_t i = 0; i < pixels; ++i) {
      mask[i] = random() % 2;
      target[i] = random() % 8 == 0 ? 255 : random() % 4;
      wanted.intersection += mask[i] == 1 && target[i] == 1;
      wanted.predicted_area += mask[i] == 1;
      wanted.target_area += target[i] == 1;
      wanted.overlap_area += target[i] >= 2;
      wanted.overlap_hit += mask[i] == 1 && target[i] >= 2;
      both_zero += mask[i] == 0 && target[i] == 0;
      mask_zero += mask[i] == 0;
      target_zero += target[i] == 0;
    }
    wanted.union_ = wanted.predicted_area + wanted.target_area - wanted.intersection;
    const MaskScore score = score_mask(mask.data(), target.data(), pixels);
    EXPECT_EQ(score, wanted);
    EXPECT_EQ(background(score, pixels).intersection, both_zero);
    EXPECT_EQ(background(score, pixels).union_, mask_zero + target_zero - both_zero);
  }
}

TEST(MaskScore, AnOverlapPixelThatIsPredictedWidensTheUnionOnly) {
  const std::vector<std::uint8_t> mask{1, 1, 1}, target{1, 2, 0};
  EXPECT_EQ(score_mask(mask.data(), target.data(), 3), (MaskScore{1, 3, 3, 1, 1, 1}));
}

/// A blob with a ragged edge, a hole, and cells that are exactly zero.
std::vector<float> blob(std::int64_t side, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const auto at = [&] { return static_cast<float>(random() % static_cast<std::uint32_t>(side)); };
  const float x0 = at(), y0 = at(), x1 = at(), y1 = at(), radius = 1 + at() / 2;
  std::vector<float> logits;
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      const auto px = static_cast<float>(x), py = static_cast<float>(y);
      const float inside = radius - std::hypot(px - x0, py - y0) + 0.7F * normal(random);
      logits.push_back(random() % 64 == 0 ? 0.0F
                                          : std::min(inside, std::hypot(px - x1, py - y1) - 3));
    }
  }
  return logits;
}

// With diagnostics every pixel is drawn; without, only the strips that hold both signs.
TEST(MaskScore, PartsOfOneSignHaveTheBitsThatDrawingThemGives) {
  const std::vector<MaskFrame> frames = {
      {64, 256, 171, 256, 97, 203},    {64, 256, 256, 120, 640, 300}, {64, 256, 1, 256, 2, 999},
      {64, 256, 256, 1, 401, 1},       {64, 256, 256, 5, 100, 7},     {48, 256, 200, 256, 97, 203},
      {256, 1024, 768, 1024, 480, 640}};
  std::uint32_t seed = 0;
  for (const MaskFrame& frame : frames) {
    MaskScorer scorer(frame);
    for (int repeat = 0; repeat < 20; ++repeat) {
      auto logits = blob(frame.low_res, seed++);
      if (repeat == 0) std::fill(logits.begin(), logits.end(), -0.0F);
      if (repeat == 1) std::fill(logits.begin(), logits.end(), 1e-45F);
      if (repeat == 2) std::fill(logits.begin(), logits.end(), 1.0F);
      std::vector<std::uint8_t> drawn(frame.height * frame.width), quick(drawn.size(), 9);
      MaskDiagnostics diagnostics;
      const MaskScore wanted = scorer.score(logits.data(), nullptr, drawn.data(), &diagnostics);
      EXPECT_EQ(scorer.score(logits.data(), nullptr, quick.data()), wanted);
      ASSERT_EQ(quick, drawn) << seed;
    }
  }
}

TEST(MaskScore, FiniteMeansNeitherNanNorInfinityAnywhere) {
  std::vector<float> values(101, std::numeric_limits<float>::max());
  EXPECT_TRUE(all_finite(values.data(), 101));
  for (const float bad : {NAN, -NAN, INFINITY, -INFINITY}) {
    for (const std::size_t at : {0, 50, 100}) {
      values[at] = bad;
      EXPECT_FALSE(all_finite(values.data(), 101));
      values[at] = -0.0F;
    }
  }
  EXPECT_TRUE(all_finite(values.data(), 0));
}

TEST(MaskScore, AScorerRemembersNothingOfTheMaskBefore) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> first(64 * 64), second(64 * 64);
  for (float& value : first) value = normal(random);
  for (float& value : second) value = normal(random);
  const MaskFrame frame{64, 256, 171, 256, 97, 203};
  MaskScorer used(frame), fresh(frame);
  std::vector<std::uint8_t> a(97 * 203), b(97 * 203);
  used.score(first.data(), nullptr, a.data());
  const auto score = used.score(second.data(), nullptr, a.data());
  EXPECT_EQ(score, fresh.score(second.data(), nullptr, b.data()));
  EXPECT_EQ(a, b);
  EXPECT_EQ(used.score(second.data(), nullptr, nullptr), score);
}

}  // namespace
}  // namespace litebench::kernels
