// The mask decoder against the reference's sequence of operations, at shapes that the recorded data lack.

#include <map>
#include <string>
#include <vector>

#include <ATen/Context.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "model/sam/decoder.hpp"
#include "model/weights/random.hpp"
#include "tests/support/reference_mask_decoder.hpp"

namespace litebench::model {
namespace {

/// Random weights of both precisions. Queries are made larger than a random checkpoint's, whose attention is nearly even.
struct World {
  explicit World(const SamGeometry& sam) : sam(sam) {
    Geometry geometry;
    geometry.sam = sam;
    std::map<std::string, at::Tensor> single, twice;
    for (const TensorSpec& spec : expected_glamm(geometry)) {
      if (spec.name.find("mask_decoder.") == std::string::npos &&
          spec.name.find("prompt_encoder.") == std::string::npos) {
        continue;
      }
      auto tensor = random_tensor(spec, "odd", at::kFloat, at::kCPU);
      if (spec.name.find("q_proj.weight") != std::string::npos) tensor = tensor * 4;
      single.emplace(spec.name, tensor);
      twice.emplace(spec.name, tensor.to(at::kDouble));
    }
    weights = std::make_shared<Weights>(std::move(single), nullptr);
    exact = std::make_shared<Weights>(std::move(twice), nullptr);
  }

  /// Largest difference to the reference in double precision: of logits, as a part of the largest one; of the IoU, which is
  /// a number about 1 and of a single prompt may be next to 0, as it is.
  std::pair<double, double> errors(std::int64_t prompts) const {
    const MaskDecoder decoder(*weights, sam);
    const auto embedding = at::randn({sam.out, sam.grid(), sam.grid()});
    const auto embeds = at::randn({prompts, sam.out});
    const test::ReferenceMaskDecoder reference(*exact, sam, decoder.positions().to(at::kDouble));
    const auto masks = reference.forward(embedding.to(at::kDouble), embeds.to(at::kDouble));
    const auto error = [](const at::Tensor& seen, const at::Tensor& wanted) {
      EXPECT_EQ(seen.sizes(), wanted.sizes());
      return (seen - wanted).abs().max().item<double>();
    };
    const auto logits = masks.logits.select(1, 0);
    return {error(decoder.forward(embedding, embeds), logits) / logits.abs().max().item<double>(),
            error(decoder.predict_iou(embedding, embeds), masks.iou.select(1, 0))};
  }

  SamGeometry sam;
  std::shared_ptr<const Weights> weights, exact;
};

SamGeometry small() {
  SamGeometry sam;
  sam.image = 13 * 16;
  sam.out = 48;
  sam.decoder_mlp = 72;
  sam.iou_hidden = 24;
  return sam;
}

class ReferenceDecoder : public ::testing::Test {
 protected:
  static void expect_equal(const SamGeometry& sam, const std::vector<std::int64_t>& counts) {
    at::manual_seed(1);
    const World world(sam);
    for (const auto count : counts) {
      const auto [logits, iou] = world.errors(count);
      EXPECT_LT(logits, 2e-5) << count << " prompts";
      EXPECT_LT(iou, 4e-6) << count << " prompts";
    }
  }

 private:
  c10::InferenceMode guard_;
};

TEST_F(ReferenceDecoder, LogitsAndIouAreItsForAnyNumberOfPrompts) {
  expect_equal(small(), {1, 2, 3, 4, 7, 19});
}

TEST_F(ReferenceDecoder, LogitsAndIouAreItsForOtherHeadsTokensAndDepths) {
  auto sam = small();
  sam.decoder_heads = 3;
  sam.mask_tokens = 2;
  expect_equal(sam, {1, 5});
  sam.decoder_depth = 3;
  expect_equal(sam, {2, 6});
  sam.decoder_depth = 1;
  expect_equal(sam, {1, 6});
  sam.decoder_downsample = 4;
  expect_equal(sam, {1, 6});
}

TEST_F(ReferenceDecoder, LogitsAreItsOnGridsThatNoStripDivides) {
  auto sam = small();
  for (const std::int64_t grid : {1, 5, 23, 70}) {
    sam.image = grid * sam.patch;
    expect_equal(sam, {1, 6});
  }
}

}  // namespace
}  // namespace litebench::model
