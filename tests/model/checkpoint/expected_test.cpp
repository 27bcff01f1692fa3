#include "model/checkpoint/expected.hpp"

#include <functional>
#include <numeric>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::model {
namespace {

std::int64_t numel(const TensorSpec& spec) {
  return std::accumulate(spec.shape.begin(), spec.shape.end(), std::int64_t{1},
                         std::multiplies<>());
}

/// What the published checkpoint holds beside expected_glamm: the region encoder and rotary tables (upstream.md §1.4).
std::vector<TensorSpec> never_loaded() {
  std::vector<TensorSpec> list;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> weight) {
    list.push_back({name + ".bias", {weight[0]}, Need::unused});
    list.push_back({name + ".weight", std::move(weight), Need::unused});
  };
  const std::string fuse = "model.region_encoder.mlvl_fuse.",
                    roi = "model.region_encoder.roi_align.";
  for (int i = 0; i < 4; ++i) add(fmt::format("{}input_conv.{}", fuse, i), {1024, 1026, 1, 1});
  for (int i = 0; i < 5; ++i) {
    list.push_back({fmt::format("{}fuse_convs.{}.conv.weight", fuse, i), {1024, 1024, 3, 3}});
    add(fmt::format("{}fuse_convs.{}.gn", fuse, i), {1024});
  }
  for (int i = 0; i < 4; ++i) add(fmt::format("{}pconvs.{}", roi, i), {1024, 1024, 3, 3});
  add(roi + "pos_embedd.0", {256, 4});
  add(roi + "pos_embedd.2", {256});
  add(roi + "pos_embedd.3", {1024, 256});
  add(roi + "pos_embedd.5", {1024});
  add(roi + "updims", {4096, 1024});
  add(roi + "flatten_linear", {1024, 200704});
  for (int i = 0; i < 32; ++i)
    list.push_back({fmt::format("model.layers.{}.self_attn.rotary_emb.inv_freq", i), {64}});
  return list;
}

std::int64_t params(const std::vector<TensorSpec>& specs, std::string_view prefix) {
  std::int64_t sum = 0;
  for (const auto& spec : specs)
    if (spec.name.starts_with(prefix)) sum += numel(spec);
  return sum;
}

// The published figures: upstream.md §12.
TEST(ExpectedGlamm, HasThePublishedParameterCounts) {
  const auto specs = expected_glamm(named_geometry("glamm-7b"));
  // The published figure counts the rotary tables.
  EXPECT_EQ(params(specs, "model.layers.") + params(never_loaded(), "model.layers."),
            6'476'269'568);
  EXPECT_EQ(params(specs, "model.embed_tokens."), 131'100'672);
  EXPECT_EQ(params(specs, "lm_head."), 131'100'672);
  EXPECT_EQ(params(specs, "model.grounding_encoder.image_encoder."), 637'026'048);
  EXPECT_EQ(params(specs, "model.grounding_encoder.prompt_encoder."), 6'476);
  EXPECT_EQ(params(specs, "model.grounding_encoder.mask_decoder."), 4'058'340);
  EXPECT_EQ(params(specs, "model.text_hidden_fcs."), 17'830'144);
  EXPECT_EQ(params(specs, "model.mm_projector."), 20'979'712);
  EXPECT_EQ(params(never_loaded(), "model.region_encoder."), 299'142'912);
}

TEST(ExpectedGlamm, HasTheKeysAndTheSizeOfThePublishedIndex) {
  auto specs = expected_glamm(named_geometry("glamm-7b"));
  const auto rest = never_loaded();
  for (const auto& spec : rest) EXPECT_TRUE(is_ignored(spec.name)) << spec.name;
  specs.insert(specs.end(), rest.begin(), rest.end());
  EXPECT_EQ(specs.size(), 968U);

  std::int64_t total = 0;
  // The index file as the transformers library writes it; the listed size on the hub is 96.1 kB.
  std::string index =
      "{\n  \"metadata\": {\n    \"total_size\": 16752879296\n  },\n  \"weight_map\": {\n";
  for (const auto& spec : specs) {
    const bool wide = spec.name.starts_with("model.grounding_encoder.") ||
                      spec.name.starts_with("model.text_hidden_fcs.");
    total += numel(spec) * (wide ? 4 : 2);
    index += fmt::format("    \"{}\": \"pytorch_model-00001-of-00002.bin\",\n", spec.name);
  }
  index.resize(index.size() - 2);  // no comma after the last one
  index += "\n  }\n}\n";
  EXPECT_EQ(total, 16'752'879'296);
  EXPECT_EQ(index.size(), 96'091U);
}

TEST(ExpectedClip, HasThePublishedParameterCounts) {
  const auto specs = expected_clip(named_geometry("glamm-7b"));
  EXPECT_EQ(params(specs, "vision_model.") + params(specs, "visual_projection."), 304'293'888);
  EXPECT_EQ(params(specs, "text_model.") + params(specs, "text_projection."), 123'650'304);
}

TEST(NamedGeometry, SuggestsTheNearestName) {
  try {
    (void)named_geometry("glam-7b");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("did you mean glamm-7b?"), std::string::npos);
  }
  EXPECT_EQ(geometry_names(), (std::vector<std::string>{"glamm-7b", "mid", "tiny"}));
}

}  // namespace
}  // namespace litebench::model
