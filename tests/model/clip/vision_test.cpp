// Expected values: the reference implementation (tests/golden/tiny, transformers 4.28.1 on a CPU); attention rows: the
// definition, written out with materialised scores.

#include "model/clip/vision.hpp"

#include <cmath>

#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "model/clip/text.hpp"
#include "model/llama/accounting.hpp"
#include "tests/model/golden.hpp"
#include "tests/support/executed_products.hpp"

namespace litebench::model {
namespace {

using golden::relative_error;
using golden::tiny_model;

constexpr double kTolerance = 2e-5;  // README of the reference data, clip.*

VisionTaps all_hidden(std::int64_t layers) {
  VisionTaps taps;
  for (std::int64_t l = 0; l <= layers; ++l) {
    taps.hidden.push_back(l);
  }
  taps.joint = true;
  return taps;
}

class ClipVisionTest : public ::testing::Test {
 protected:
  c10::InferenceMode guard_;
  const Geometry& geometry_ = tiny_model().geometry;
  ClipVision vision_{*tiny_model().clip, geometry_.vision};
};

TEST_F(ClipVisionTest, EveryRecordedStageEqualsTheReference) {
  const auto rows = at::tensor({0, 1, 2, 25, 288, 576}, at::kLong);
  for (const auto& sample : golden::samples()) {
    const auto features =
        vision_.forward(golden::clip_input(sample, geometry_), all_hidden(geometry_.vision.layers));
    const auto expected = sample.file.at("clip.hidden_rows");
    ASSERT_EQ(expected.size(0), geometry_.vision.layers + 1);
    for (const auto& [l, hidden] : features.hidden) {
      EXPECT_LT(relative_error(hidden.index_select(0, rows), expected[l]), kTolerance)
          << sample.name << " E_" << l;
    }
    const auto selected = sample.file.find("clip.h_select").value();
    EXPECT_LT(relative_error(features.selected.slice(0, 0, {}, selected.stride), selected.values),
              kTolerance);
    if (const auto joint = sample.file.find("clip.patch_proj")) {
      EXPECT_LT(relative_error(features.joint, joint->values), kTolerance) << sample.name;
    }
  }
}

TEST_F(ClipVisionTest, UpstreamRunsTheLastLayerAndPoolsItAndSelectsTheSameFeatures) {
  const auto pixels = golden::clip_input(golden::samples().front(), geometry_);
  const auto& vision = geometry_.vision;
  for (const bool joint : {false, true}) {
    VisionTaps taps;
    taps.joint = joint;
    const double width = static_cast<double>(vision.hidden);
    const double projected = joint ? 2.0 * width * static_cast<double>(vision.projection) : 0;
    const auto expected = [&](std::int64_t layers, std::int64_t rows) {
      return clip_vision_flops(vision, layers) + static_cast<double>(rows) * projected;
    };
    at::Tensor lean_features, lean_joint;
    {
      const test::ExecutedProducts executed;
      const auto lean = vision_.forward(pixels, taps);
      EXPECT_DOUBLE_EQ(executed.flops(), expected(vision.layers - 1, vision.patches()));
      lean_features = lean.selected;
      lean_joint = lean.joint;
    }
    const test::ExecutedProducts executed;
    const auto upstream = vision_.forward(pixels, taps, Compute::upstream);
    EXPECT_DOUBLE_EQ(executed.flops(), expected(vision.layers, vision.patches() + 1));
    EXPECT_TRUE(upstream.selected.equal(lean_features));
    if (joint) EXPECT_TRUE(upstream.joint.equal(lean_joint));
  }
}

TEST_F(ClipVisionTest, SimilarityOfPatchesAndQuestionsEqualsTheReference) {
  for (const auto& sample : golden::samples()) {
    const auto features = vision_.forward(golden::clip_input(sample, geometry_), {.joint = true});
    const auto sim = at::matmul(sample.file.at("clip.text_embeds"), features.joint.t());
    EXPECT_LT(relative_error(sim, sample.file.at("sim")), kTolerance) << sample.name;
  }
}

TEST_F(ClipVisionTest, TapsChangeNoFeature) {
  const auto sample = golden::samples().front();
  const auto pixels = golden::clip_input(sample, geometry_);
  VisionTaps taps = all_hidden(geometry_.vision.layers);
  for (std::int64_t e = 0; e < geometry_.vision.layers; ++e) {
    taps.layers.push_back({.layer = e, .cls_row = true, .q = true, .k = true, .v = true});
  }
  EXPECT_TRUE(vision_.forward(pixels, taps).selected.equal(vision_.forward(pixels, {}).selected));
}

TEST_F(ClipVisionTest, ClsRowIsTheSoftMaxOfItsScoresOverAllTokens) {
  const auto sample = golden::samples().front();
  const auto features =
      vision_.forward(golden::clip_input(sample, geometry_),
                      {.layers = {{.layer = 2, .cls_row = true, .q = true, .k = true}}});
  const auto& tap = features.layers.at(2);
  const auto heads = geometry_.vision.heads, width = geometry_.vision.hidden / heads;
  for (std::int64_t h = 0; h < heads; ++h) {
    const auto q = tap.q.narrow(1, h * width, width), k = tap.k.narrow(1, h * width, width);
    const auto attention = at::softmax(at::matmul(q, k.t()) / std::sqrt(double(width)), -1);
    EXPECT_LT(relative_error(tap.cls_attention[h], attention[0].slice(0, 1)), 1e-5);
  }
  EXPECT_EQ(tap.cls_attention.sizes(), at::IntArrayRef({heads, geometry_.vision.patches()}));
  EXPECT_FALSE(tap.v.defined());
}

TEST_F(ClipVisionTest, ATapBehindTheFeaturesSeesTheLastLayersProjections) {
  const auto sample = golden::samples().front();
  const auto last = geometry_.vision.layers - 1;
  const auto pixels = golden::clip_input(sample, geometry_);
  const auto tapped = vision_.forward(pixels, {.layers = {{.layer = last, .v = true}}});
  // ‖a_i v_i‖ of upstream.md §4.3 needs q, k and v of that layer: the recorded context scores check all three.
  const auto all =
      vision_.forward(pixels, {.layers = {{.layer = last, .q = true, .k = true, .v = true}}});
  const auto& tap = all.layers.at(last);
  const auto unit = [](const at::Tensor& x) { return x / x.norm(2, -1, true); };
  const auto cosine = at::matmul(unit(tap.k.slice(0, 1)), unit(tap.q[0]));
  const auto weights = at::softmax(cosine / std::sqrt(double(geometry_.vision.hidden)), -1);
  const auto score = weights * tap.v.slice(0, 1).norm(2, -1);
  EXPECT_LT(relative_error(score, sample.file.at("ctx_score")), kTolerance);
  EXPECT_TRUE(tapped.layers.at(last).v.equal(tap.v));
  EXPECT_TRUE(tapped.hidden.empty());
}

TEST_F(ClipVisionTest, LayersTheTowerLacksAreRefused) {
  const auto pixels = at::zeros({3, 336, 336});
  EXPECT_THROW((void)vision_.forward(pixels, {.layers = {{.layer = geometry_.vision.layers}}}),
               std::out_of_range);
  EXPECT_THROW((void)vision_.forward(pixels, {.hidden = {geometry_.vision.layers + 1}}),
               std::out_of_range);
}

TEST(ClipBf16, SimilarityStaysWithinTwiceTheReferencesOwnBf16Error) {
  c10::InferenceMode guard;
  const auto& model = tiny_model(at::kBFloat16);
  const ClipVision vision(*model.clip, model.geometry.vision);
  const ClipText text(*model.clip, model.geometry.text);
  const golden::File bf16("bf16.safetensors");
  int compared = 0;
  for (const auto& sample : golden::samples()) {
    auto split = sample.split;
    split[split.find('|')] = '_';
    const auto reference = bf16.find(fmt::format("{}.{}.litelvlm_192.sim", split, sample.index));
    if (!reference) {
      continue;
    }
    const auto ids = sample.file.at("clip.text_input_ids");
    std::vector<std::vector<std::int64_t>> texts;
    for (std::int64_t q = 0; q < ids.size(0); ++q) {
      texts.emplace_back(ids[q].data_ptr<std::int64_t>(),
                         ids[q].data_ptr<std::int64_t>() + ids.size(1));
    }
    const auto pixels = golden::clip_input(sample, model.geometry, at::kBFloat16);
    const auto sim =
        at::matmul(text.embed_all(texts), vision.forward(pixels, {.joint = true}).joint.t());
    EXPECT_EQ(sim.scalar_type(), at::kBFloat16);
    const auto exact = sample.file.at("sim");
    const auto error = golden::relative_l2(sim, exact),
               scale = golden::relative_l2(reference->values, exact);
    EXPECT_LT(error, 2 * scale) << sample.name;
    EXPECT_GT(error, 0.0);
    ++compared;
  }
  EXPECT_GE(compared, 3);
}

}  // namespace
}  // namespace litebench::model
