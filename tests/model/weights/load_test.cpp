#include <cmath>
#include <string>

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "model/checkpoint/convert.hpp"
#include "model/weights/weights.hpp"
#include "tests/model/weights/test_files.hpp"

namespace litebench::model {
namespace {

using test::kClip, test::kGlamm;

TEST(LoadModel, ReadsTheGoldenCheckpointInBothDtypes) {
  const auto exact = load_model(kGlamm, kClip, {.dtype = at::kFloat});
  const auto rounded = load_model(kGlamm, kClip, {.dtype = at::kBFloat16});
  for (const auto* name : {"model.embed_tokens.weight", "model.text_hidden_fcs.0.0.weight",
                           "model.grounding_encoder.prompt_encoder.pe_layer."
                           "positional_encoding_gaussian_matrix"}) {
    EXPECT_EQ(exact.glamm->at(name).scalar_type(), at::kFloat) << name;
    EXPECT_TRUE(at::equal(exact.glamm->at(name).to(at::kBFloat16), rounded.glamm->at(name)))
        << name;
  }
  EXPECT_EQ(rounded.glamm->dtype(), at::kBFloat16);
  EXPECT_EQ(rounded.clip->dtype(), at::kBFloat16);
}

TEST(LoadModel, LeavesOutWhatIsNeverExecuted) {
  const auto model = load_model(kGlamm, kClip, {});
  for (const auto* name : {"lm_head.weight", "model.region_encoder.roi_align.updims.weight",
                           "model.layers.0.self_attn.rotary_emb.inv_freq",
                           "model.grounding_encoder.prompt_encoder.mask_downscaling.0.weight"})
    EXPECT_FALSE(model.glamm->contains(name)) << name;
  EXPECT_FALSE(model.clip->contains("logit_scale"));
  EXPECT_THROW((void)model.glamm->at("lm_head.weight"), std::out_of_range);
}

TEST(LoadModel, ReadsForUpstreamWhatOnlyItsDeadWorkReadsAlsoFromAConvertedCheckpoint) {
  const test::TemporaryFolder folder;
  (void)convert(kGlamm, folder.path(), {});
  for (const std::string& glamm : {std::string(kGlamm), folder.path()}) {
    const auto model = load_model(glamm, kClip, {.compute = Compute::upstream});
    EXPECT_EQ(model.compute, Compute::upstream);
    EXPECT_EQ(model.glamm->at("lm_head.weight").sizes(),
              model.glamm->at("model.embed_tokens.weight").sizes());
  }
  const auto made = load_model("random:tiny", "random:tiny", {.compute = Compute::upstream});
  EXPECT_EQ(made.glamm->at("lm_head.weight").size(0), made.geometry.llama.vocab);
}

TEST(LoadModel, NamesWhatUpstreamLacksAndTheWayOut) {
  const test::TemporaryFolder folder;
  test::write_edited(kGlamm, folder.path(), DType::f32, [](test::Editable& tensor) {
    if (tensor.name == "lm_head.weight") tensor.name.clear();
  });
  EXPECT_NO_THROW((void)load_model(folder.path(), kClip, {}));
  try {
    (void)load_model(folder.path(), kClip, {.compute = Compute::upstream});
    FAIL() << "loaded";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(message.find("1 missing: lm_head.weight"), std::string::npos) << message;
    EXPECT_NE(message.find("passes.latency.compute = \"lean\""), std::string::npos) << message;
  }
}

TEST(LoadModel, ReadsSizesOfTheGoldenCheckpoint) {
  const auto model = load_model(kGlamm, kClip, {});
  const auto& [name, vision, text, llama, sam] = model.geometry;
  const auto tiny = named_geometry("tiny");
  EXPECT_EQ(llama.vocab, tiny.llama.vocab);
  EXPECT_EQ(llama.mlp, tiny.llama.mlp);
  EXPECT_EQ(llama.layers, tiny.llama.layers);
  EXPECT_DOUBLE_EQ(llama.rms_eps, 1e-5);
  EXPECT_EQ(vision.patches(), 576);
  EXPECT_EQ(vision.select_layer, -2);
  EXPECT_EQ(text.vocab, tiny.text.vocab);
  EXPECT_EQ(sam.image, 512);
  EXPECT_EQ(sam.low_res(), 128);
  EXPECT_EQ(sam.global_blocks, tiny.sam.global_blocks);
  EXPECT_EQ(sam.decoder_mlp, tiny.sam.decoder_mlp);
}

}  // namespace
}  // namespace litebench::model
