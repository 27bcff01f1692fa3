// Parts of Nüwa, HoloV and of the adaptive counts; whole selections are compared with independent
// programs (twins_test.py).
#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>

#include "model/prune/holov_segments.hpp"
#include "model/prune/nuwa_rows.hpp"
#include "model/prune/policies.hpp"
#include "model/prune/prumerge_rows.hpp"
#include "model/prune/registry.hpp"
#include "model/prune/scores.hpp"
#include "tests/model/prune/toy.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;

TokenPlan planned(const Scene& scene, const std::string& variant) {
  const auto pruner = builtin_registry().make(unit::parse_variant(variant));
  return select(*pruner, unit::OrderPolicy::native, scene.view(), scene.queries, nullptr);
}

double weight_sum(const TokenPlan& plan, std::int64_t row) {
  const auto begin = plan.weights().begin();
  return std::accumulate(begin + plan.row_ptr()[row], begin + plan.row_ptr()[row + 1], 0.0);
}

// --- quantiles; expected values from numpy.quantile ---

TEST(Quantile, InterpolatesLinearlyBetweenNeighbours) {
  const std::array<float, 4> four = {4, 1, 3, 2};
  const std::array<float, 5> five = {5, 1, 9, 3, 7};
  EXPECT_DOUBLE_EQ(quantile(four, 0.55), 2.65);
  EXPECT_DOUBLE_EQ(quantile(five, 0.25), 3);
  EXPECT_DOUBLE_EQ(quantile(five, 0.75), 7);
  EXPECT_DOUBLE_EQ(quantile(five, 0.55), 5.4);
  EXPECT_DOUBLE_EQ(quantile(five, 1), 9);
}

TEST(Outliers, LieAboveTheUpperFence) {
  std::vector<float> values(100, 1);
  EXPECT_EQ(outlier_count(values), 0);
  values[7] = values[70] = 5;
  EXPECT_EQ(outlier_count(values), 2);
  std::iota(values.begin(), values.end(), 0.0F);
  EXPECT_EQ(outlier_count(values), 0);
}

// --- adaptive counts ---

TEST(AdaptiveCounts, PruMergeKeepsTheOutliersOfAttention) {
  std::vector<float> attention(576, 0.001F);
  for (const std::size_t patch : {9U, 300U, 20U}) attention[patch] = 0.05F;
  attention[300] = 0.09F;
  EXPECT_EQ(prumerge_outliers(attention, false), (Indices{300, 9, 20}));
  // 1 / share of outliers = 192, a third of it 64: 0, 64, …, 512, none of which is an outlier.
  EXPECT_EQ(prumerge_outliers(attention, true),
            (Indices{300, 9, 20, 0, 64, 128, 192, 256, 320, 384, 448, 512}));
  attention.assign(576, 0.001F);
  EXPECT_TRUE(prumerge_outliers(attention, true).empty());
}

TEST(AdaptiveCounts, NeverStepLessThanAPatch) {
  std::vector<float> attention(576, 0.001F);
  std::fill(attention.begin(), attention.begin() + 140, 0.05F);
  const Indices kept = prumerge_outliers(attention, true);
  EXPECT_EQ(std::set(kept.begin(), kept.end()).size(), kept.size());
  EXPECT_EQ(kept.size(), 575U);  // the last patch can never be added
}

TEST(AdaptiveCounts, DependOnTheImageAndAddOneTokenForTheRest) {
  for (const char* variant : {"prumerge", "prumerge+", "trim", "trim[sign=high]"}) {
    Scene scene = random_scene(24, 2, 31);
    // Nine patches that attention and both texts single out.
    for (std::int64_t i = 0; i < 9; ++i) {
      scene.features.layers[23].k[1 + 50 * i] = 3 * scene.features.layers[23].q[0];
      const at::Tensor text = scene.queries.embeds.sum(0);
      const double sign = std::string(variant) == "trim" ? -60 : 60;
      scene.features.joint[50 * i] = sign / 16 * text;
    }
    const TokenPlan plan = planned(scene, variant);
    EXPECT_LT(plan.size(), 400) << variant;
    Indices centres;  // every row but the last begins with the patch it was made from
    for (std::int64_t row = 0; row + 1 < plan.size(); ++row) {
      centres.push_back(plan.cols()[plan.row_ptr()[row]] - 1);
    }
    for (std::int64_t i = 0; i < 9; ++i) {
      EXPECT_EQ(std::count(centres.begin(), centres.end(), 50 * i), 1) << variant;
    }
    EXPECT_EQ(plan.anchors().back(), 576) << variant;
    const auto schedule =
        builtin_registry().make(unit::parse_variant(variant))->schedule(scene.geometry);
    EXPECT_TRUE(std::get<Schedule>(schedule).entering.empty()) << variant;
  }
}

// --- Nüwa ---

TEST(Nuwa, LetsAsManyInAsItsTableSays) {
  const Scene scene = random_scene(24, 1, 32);
  for (const auto& [variant, tokens] :
       {std::pair{"nuwa@64", 112}, {"nuwa@128", 224}, {"nuwa@192", 336}}) {
    const TokenPlan plan = planned(scene, variant);
    EXPECT_EQ(plan.size(), tokens);
    EXPECT_TRUE(std::is_sorted(plan.anchors().begin(), plan.anchors().end()));
    const auto schedule =
        builtin_registry().make(unit::parse_variant(variant))->schedule(scene.geometry);
    const auto& entering = std::get<Schedule>(schedule).entering;
    EXPECT_EQ(entering[15], tokens);
    EXPECT_EQ(entering[16], tokens / 7);
    EXPECT_EQ(std::get<Schedule>(schedule).mean(), tokens / 7 * 4);
  }
  EXPECT_EQ(patches_of(planned(scene, "nuwa@576")), patches_of(planned(scene, "none")));
}

TEST(Nuwa, TakesTheBestOfEveryCellBeforeTheSecondBest) {
  // Attention falls along the raster; cells of the upper half would win everything otherwise.
  std::vector<float> attention(576);
  for (std::size_t i = 0; i < 576; ++i) attention[i] = 1.0F - static_cast<float>(i) / 576;
  const Indices kept = nuwa_survivors(attention, 24, 144);
  EXPECT_EQ(kept.size(), 144U);
  for (const std::int64_t patch : kept) {
    EXPECT_EQ(patch / 24 % 2, 0);
    EXPECT_EQ(patch % 2, 0);
  }
  // With 224 every cell offers two; the 224 best of those 288 stay.
  const Indices more = nuwa_survivors(attention, 24, 224);
  for (const std::int64_t patch : more) EXPECT_EQ(patch / 24 % 2, 0);
  EXPECT_EQ(more.back(), 223 / 24 * 48 + 223 % 24);
}

TEST(Nuwa, PillarsStayAndOthersGatherAMeanOfTheirSurroundings) {
  const Scene scene = random_scene(24, 1, 33);
  const TokenPlan plan = planned(scene, "nuwa@64");
  std::int64_t pillars = 0;
  for (std::int64_t row = 0; row < plan.size(); ++row) {
    if (plan.origins()[row] >= 0) {
      ++pillars;
      continue;
    }
    const auto begin = plan.row_ptr()[row], end = plan.row_ptr()[row + 1];
    double own = 0;
    for (auto e = begin; e < end; ++e) {
      EXPECT_GT(plan.weights()[e], 0);
      if (static_cast<float>(plan.cols()[e]) == plan.anchors()[row]) own = plan.weights()[e];
    }
    EXPECT_EQ(own, 1);
    EXPECT_GT(weight_sum(plan, row), 1);
    EXPECT_LT(weight_sum(plan, row), 2);
  }
  EXPECT_EQ(pillars, 50);  // of 112, those from the 55th percentile on: places 62 to 111
}

TEST(Nuwa, NeedsRoomForItsFirstHalf) {
  const model::Geometry geometry = geometry_of(24, 16);
  const auto plan = [&](const char* id) {
    return builtin_registry().make(unit::parse_variant(id))->schedule(geometry);
  };
  EXPECT_TRUE(std::holds_alternative<Schedule>(plan("nuwa@329")));
  EXPECT_TRUE(std::holds_alternative<Infeasible>(plan("nuwa@330")));
  EXPECT_TRUE(std::holds_alternative<Infeasible>(plan("nuwa@1")));
  EXPECT_TRUE(std::holds_alternative<Infeasible>(plan("nuwa@83[mode=afterprune]")));
  EXPECT_EQ(std::get<Schedule>(plan("nuwa@64[mode=afterprune]")).entering.front(), 448);
}

// --- HoloV ---

TEST(HoloV, MakesTheSegmentsOfItsTable) {
  EXPECT_EQ(holov_segments(192, 576), 5);
  EXPECT_EQ(holov_segments(128, 576), 8);
  EXPECT_EQ(holov_segments(64, 576), 16);
  EXPECT_EQ(holov_segments(1, 576), 576);
  EXPECT_EQ(holov_segments(576, 576), 1);
}

// Weights computed with NumPy from the formulas: 0.8 and 0.2 of two segments.
TEST(HoloV, SharesTheBudgetByAttentionAndVariety) {
  const std::vector<float> attention = {.30F, .01F, .02F, .03F, .05F, .01F, .02F, .01F};
  const float x[8][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}, {1, 0}, {1, .1F}, {1, 0}, {1, .05F}};
  const at::Tensor points = filled(8, 2, [&](auto i, auto j) { return x[i][j]; });
  const at::Tensor gram = cosine_gram(points, {});
  const HolovScores scores{attention, gram.const_data_ptr<float>()};
  EXPECT_EQ(holov_choice(scores, 5, HolovDeficit::missing), (Indices{0, 3, 2, 1, 4}));
  EXPECT_EQ(holov_choice(scores, 6, HolovDeficit::missing), (Indices{0, 3, 2, 1, 4}));
  EXPECT_EQ(holov_choice(scores, 6, HolovDeficit::redistributed), (Indices{0, 3, 2, 1, 4, 6}));
}

TEST(HoloV, ReleasedSharesMayBeLargerThanTheirSegment) {
  // All attention in the first of 16 segments of 36 patches.
  std::vector<float> attention(576, 1e-6F), cosine(576 * 576, 0.0F);
  for (std::size_t i = 0; i < 36; ++i) attention[i] = 0.02F + 1e-4F * static_cast<float>(i);
  const HolovScores scores{attention, cosine.data()};
  const Indices missing = holov_choice(scores, 64, HolovDeficit::missing);
  EXPECT_LT(missing.size(), 64U);
  EXPECT_EQ(missing.front(), 35);  // by attention, which rises
  const Indices filled = holov_choice(scores, 64, HolovDeficit::redistributed);
  EXPECT_EQ(filled.size(), 64U);
  EXPECT_EQ(std::set(filled.begin(), filled.end()).size(), 64U);
  EXPECT_TRUE(std::includes(filled.begin(), filled.begin() + 36, missing.begin(),
                            missing.begin() + 36, std::greater<>()));
}

TEST(HoloV, MissingTokensAreZeroRowsAndCountAsTokens) {
  Scene scene = random_scene(24, 1, 34);
  scene.features.layers[22].cls_attention.fill_(1e-6);
  scene.features.layers[22].cls_attention.narrow(1, 0, 36).fill_(0.02);
  const TokenPlan code = planned(scene, "holov@64"),
                  fixed = planned(scene, "holov@64[fidelity=fixed]");
  EXPECT_EQ(code.size(), 64);
  EXPECT_EQ(code.row_ptr()[64], code.row_ptr()[63]);
  EXPECT_EQ(code.apply(scene.features.selected)[63].abs().sum().item<double>(), 0);
  EXPECT_TRUE(fixed.is_gather());
  EXPECT_TRUE(std::is_sorted(fixed.anchors().begin(), fixed.anchors().end()));
}

}  // namespace
}  // namespace litebench::prune
