#include "model/weights/random.hpp"

#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/std.h>
#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "kernels/random/philox.hpp"
#include "model/weights/weights.hpp"

namespace litebench::model {
namespace {

at::Tensor make(const std::string& name, std::vector<std::int64_t> shape,
                at::ScalarType dtype = at::kFloat, std::string_view geometry = "tiny") {
  return random_tensor({name, std::move(shape)}, geometry, dtype, at::kCPU);
}

TEST(RandomWeights, FollowTheirDefinition) {
  // Element i is number i % 4 of block i / 4; 24 bits, centred, times half-width / 2^23 in float32.
  const auto tensor = make("a.weight", {3, 7});
  const auto half_width = static_cast<float>(std::sqrt(3.0) / std::sqrt(7.0));
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    const auto bits =
        kernels::philox4x32(static_cast<std::uint64_t>(i / 4), hash64("a.weight", hash64("tiny")));
    const auto integer =
        static_cast<std::int64_t>(bits[static_cast<std::size_t>(i % 4)] >> 8) - 8'388'608;
    EXPECT_EQ(tensor.data_ptr<float>()[i],
              static_cast<float>(integer) * (half_width / 8'388'608.0F));
  }
}

TEST(RandomWeights, AreEqualForEveryNumberOfThreads) {
  const auto before = at::get_num_threads();
  at::set_num_threads(1);
  const auto alone = make("w.weight", {513, 511});
  at::set_num_threads(3);
  EXPECT_TRUE(at::equal(alone, make("w.weight", {513, 511})));
  at::set_num_threads(before);
}

TEST(RandomWeights, InBfloat16AreTheRoundedOnes) {
  EXPECT_TRUE(at::equal(make("w.weight", {65, 63}).to(at::kBFloat16),
                        make("w.weight", {65, 63}, at::kBFloat16)));
}

TEST(RandomWeights, DependOnNameAndGeometry) {
  const auto one = make("a.weight", {8, 8});
  EXPECT_FALSE(at::equal(one, make("b.weight", {8, 8})));
  EXPECT_FALSE(at::equal(one, make("a.weight", {8, 8}, at::kFloat, "mid")));
}

TEST(RandomWeights, KeepTheVarianceOfALinearLayersInput) {
  const auto input = make("input.weight", {1024, 1024}) * std::sqrt(1024.0);  // variance 1
  const auto output = at::matmul(input, make("model.layers.0.mlp.up_proj.weight", {512, 1024}).t());
  EXPECT_NEAR(at::std(output).item<double>(), 1, 0.01);
}

TEST(RandomWeights, AreMadeForEveryTensorOfAGeometry) {
  const auto model = load_model("random:tiny", "random:tiny", {});
  const auto golden = load_model("tests/golden/tiny/glamm", "tests/golden/tiny/clip", {});
  for (const auto& spec : expected_glamm(golden.geometry)) {
    if (spec.need == Need::unused) continue;
    EXPECT_EQ(model.glamm->at(spec.name).sizes(), golden.glamm->at(spec.name).sizes()) << spec.name;
  }
  for (const auto& spec : expected_clip(golden.geometry))
    EXPECT_EQ(model.clip->at(spec.name).sizes(), golden.clip->at(spec.name).sizes()) << spec.name;
  EXPECT_NEAR(model.glamm->at("model.norm.weight").mean().item<double>(), 1, 0.05);
  EXPECT_FALSE(model.glamm->contains("lm_head.weight"));
}

TEST(RandomWeights, TakeTheOtherModelsWidthWhereOneOfTheTwoIsReal) {
  const auto model = load_model("random:mid", "tests/golden/tiny/clip", {});
  EXPECT_EQ(model.glamm->at("model.mm_projector.0.weight").sizes(), at::IntArrayRef({512, 64}));
}

}  // namespace
}  // namespace litebench::model
