// Expected values: the reference implementation (tests/golden/tiny).

#include "model/sam/decoder.hpp"

#include <gtest/gtest.h>

#include "model/llama/accounting.hpp"
#include "model/sam/encoder.hpp"
#include "tests/model/golden.hpp"
#include "tests/support/executed_products.hpp"

namespace litebench::model {
namespace {

using golden::absolute_error;
using golden::tiny_model;

constexpr double kLogitTolerance = 5e-4;  // README of the reference data, absolute
const auto kVariants = {"glamm", "litelvlm_576", "litelvlm_192", "litelvlm_128", "litelvlm_64"};

at::Tensor strided(const at::Tensor& logits, std::int64_t step) {
  return logits.slice(1, 0, {}, step).slice(2, 0, {}, step);
}

class MaskDecoderTest : public ::testing::Test {
 protected:
  /// Logits of every variant's recorded prompts on `embedding` against the recorded ones.
  void expect_recorded_logits(const golden::Sample& sample, const at::Tensor& embedding) {
    for (const auto* variant : kVariants) {
      const auto prompts = sample.file.at(fmt::format("{}.pred_embeddings", variant));
      const auto expected = sample.file.find(fmt::format("{}.low_res_logits", variant)).value();
      EXPECT_LT(absolute_error(strided(decoder_.forward(embedding, prompts), expected.stride),
                               expected.values),
                kLogitTolerance)
          << sample.name << " " << variant;
      EXPECT_LT(absolute_error(decoder_.predict_iou(embedding, prompts),
                               sample.file.at(fmt::format("{}.iou_pred", variant))),
                kLogitTolerance)
          << sample.name << " " << variant;
    }
  }

  c10::InferenceMode guard_;
  const Geometry& geometry_ = tiny_model().geometry;
  MaskDecoder decoder_{*tiny_model().glamm, geometry_.sam};
};

TEST_F(MaskDecoderTest, LogitsAndIouOfRecordedEmbeddingsEqualTheReference) {
  int compared = 0;
  for (const auto& sample : golden::samples()) {
    if (const auto embedding = sample.file.find("sam.image_embedding");
        embedding && embedding->stride == 1) {
      expect_recorded_logits(sample, embedding->values);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 2);
}

TEST_F(MaskDecoderTest, LogitsOfOurOwnImageEmbeddingsEqualTheReference) {
  const SamEncoder encoder(*tiny_model().glamm, geometry_.sam);
  for (const auto& sample : golden::samples()) {
    expect_recorded_logits(sample, encoder.forward(golden::sam_input(sample, geometry_)));
  }
}

TEST_F(MaskDecoderTest, PositionsEqualTheReference) {
  const auto expected = golden::File("sample_00.safetensors").find("sam.dense_pe").value();
  const auto grid = geometry_.sam.grid();
  const auto positions =
      strided(decoder_.positions().view({grid, grid, -1}).permute({2, 0, 1}), expected.stride);
  EXPECT_LT(golden::relative_error(positions, expected.values), 5e-5);
}

TEST_F(MaskDecoderTest, PromptsDecodedTogetherEqualPromptsDecodedAlone) {
  const auto file = golden::File("sample_00.safetensors");
  const auto embedding = file.at("sam.image_embedding"), prompts = file.at("glamm.pred_embeddings");
  const auto together = decoder_.forward(embedding, prompts);
  for (std::int64_t q = 0; q < prompts.size(0); ++q) {
    EXPECT_LT(absolute_error(decoder_.forward(embedding, prompts.narrow(0, q, 1))[0], together[q]),
              1e-4);
  }
}

TEST_F(MaskDecoderTest, UpstreamDecodesTheOtherMaskTokensAndTheIouToNoEffect) {
  const auto file = golden::File("sample_00.safetensors");
  const auto embedding = file.at("sam.image_embedding"), prompts = file.at("glamm.pred_embeddings");
  at::Tensor lean;
  double least = 0;
  {
    const test::ExecutedProducts executed;
    lean = decoder_.forward(embedding, prompts);
    least = executed.flops();
  }
  const test::ExecutedProducts executed;
  const auto upstream = decoder_.forward_upstream(embedding, prompts);
  // More than the closed form: tokens meet the image's channels directly, and its keys are never made, so that each of the
  // other tokens costs more in the last attention.
  EXPECT_GE(executed.flops() - least, mask_decoder_flops(geometry_.sam, prompts.size(0)) -
                                          mask_decoder_flops(geometry_.sam, prompts.size(0), 1));
  EXPECT_LT(absolute_error(upstream, lean), 1e-4);
}

TEST(DensePositions, OfBf16WeightsInFp32DifferFromThoseInBf16ByRoundingOnly) {
  const auto& weights = *tiny_model(at::kBFloat16).glamm;
  const auto& gaussian = weights.at(
      "model.grounding_encoder.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix");
  const auto exact = dense_positions(gaussian, 32, Precision::fp32);
  const auto rounded = dense_positions(gaussian, 32, Precision::model);
  EXPECT_EQ(exact.scalar_type(), at::kBFloat16);
  const auto error = absolute_error(rounded, exact.to(at::kFloat));
  EXPECT_GT(error, 1e-3);
  EXPECT_LT(error, 0.15);  // up to about 0.09 at SAM's own sizes (upstream.md §6.2)
}

TEST(SamBf16, LogitsStayWithinTwiceTheReferencesOwnBf16Error) {
  c10::InferenceMode guard;
  const auto& model = tiny_model(at::kBFloat16);
  const SamEncoder encoder(*model.glamm, model.geometry.sam);
  const MaskDecoder decoder(*model.glamm, model.geometry.sam);
  const golden::File bf16("bf16.safetensors");
  int compared = 0;
  for (const auto& sample : golden::samples()) {
    auto split = sample.split;
    split[split.find('|')] = '_';
    const auto record = fmt::format("{}.{}.glamm", split, sample.index);
    const auto reference = bf16.find(fmt::format("{}.low_res_logits", record));
    if (!reference) {
      continue;
    }
    const auto prompts = bf16.at(fmt::format("{}.pred_embeddings", record)).to(at::kBFloat16);
    const auto embedding =
        encoder.forward(golden::sam_input(sample, model.geometry, at::kBFloat16));
    const auto logits = decoder.forward(embedding, prompts);
    EXPECT_EQ(logits.scalar_type(), at::kBFloat16);
    const auto exact = sample.file.find("glamm.low_res_logits").value();
    const auto step = std::max(exact.stride, reference->stride);
    const auto target = strided(exact.values, step / exact.stride);
    const auto scale =
        golden::relative_l2(strided(reference->values, step / reference->stride), target);
    EXPECT_LT(golden::relative_l2(strided(logits, step), target), 2 * scale) << sample.name;
    ++compared;
  }
  EXPECT_GE(compared, 3);
}

}  // namespace
}  // namespace litebench::model
