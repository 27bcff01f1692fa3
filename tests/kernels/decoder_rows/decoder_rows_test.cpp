// What the threads of kernels/decoder_rows/decoder_rows.cu do, one after the other. Expected: the composition of ATen's
// operations in model/llama, which transformers_test.py compares with transformers.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>

#include "model/llama/decoder_layer.hpp"
#include "tests/support/decoder_threads.hpp"

namespace litebench::test {
namespace {

constexpr double kEps = 1e-5;

class DecoderRows : public testing::TestWithParam<at::ScalarType> {
 protected:
  void SetUp() override { at::manual_seed(4); }
  static at::Tensor random(at::IntArrayRef shape, double scale = 1) {
    return (at::randn(shape) * scale).to(GetParam());
  }
  /// Relative 1e-5 in fp32, the same or a neighbour in bf16.
  static bool close(const at::Tensor& found, const at::Tensor& wanted) {
    if (GetParam() == at::kBFloat16) return most_steps(found, wanted) <= 1;
    return at::allclose(found, wanted, /*rtol=*/1e-5, /*atol=*/0);
  }
  static bool nearly_all_equal(const at::Tensor& found, const at::Tensor& wanted) {
    return found.eq(wanted).sum().item<std::int64_t>() >= wanted.numel() * 999 / 1000;
  }
};

// Widths of every geometry, one of a single pack, and one that leaves threads with unequal shares.
TEST_P(DecoderRows, AreNormedLikeTheReferenceBeforeTheWeight) {
  for (const std::int64_t width : {8, 64, 512, 2104, 4096}) {
    for (const double scale : {1e-4, 1.0, 300.0}) {
      const at::Tensor x = random({37, width}, scale), ones = at::ones_like(x[0]);
      const at::Tensor found = rms_norm_by_threads(x, ones, kEps);
      const at::Tensor wanted = model::rms_norm(x, ones, kEps);
      EXPECT_TRUE(close(found, wanted)) << width << " wide, scale " << scale;
      EXPECT_TRUE(GetParam() == at::kFloat || nearly_all_equal(found, wanted));
    }
  }
}

TEST_P(DecoderRows, AreWeighedAfterRounding) {
  const at::Tensor x = random({37, 512}), weight = random({512});
  const at::Tensor plain = rms_norm_by_threads(x, at::ones_like(weight), kEps);
  EXPECT_TRUE(at::equal(rms_norm_by_threads(x, weight, kEps), at::mul(plain, weight)));
}

TEST_P(DecoderRows, OfZerosStayZero) {
  const at::Tensor zeros = random({2, 64}, 0);
  EXPECT_TRUE(at::equal(rms_norm_by_threads(zeros, random({64}), kEps).abs(), zeros.abs()));
}

TEST_P(DecoderRows, AreRotatedLikeTheReferenceToTheBit) {
  for (const auto& [heads, head_dim] : {std::pair{4, 16}, {8, 64}, {32, 128}, {3, 48}}) {
    const model::LlamaGeometry llama{.hidden = heads * head_dim, .heads = heads};
    std::vector<std::int64_t> positions(29);
    for (std::size_t i = 0; i < positions.size(); ++i) {
      positions[i] = static_cast<std::int64_t>(i * i);
    }
    const at::Tensor x = random({29, heads, head_dim});
    const model::RotaryAngles angles = model::rotary_angles(llama, positions, x.options());
    const at::Tensor wanted = model::rotate_by_operations(x, angles);
    EXPECT_TRUE(at::equal(rotary_by_threads(x, angles.cos, angles.sin), wanted))
        << heads << " heads of " << head_dim;
    EXPECT_TRUE(at::equal(model::rotate(x, angles), wanted)) << heads << " heads of " << head_dim;
  }
}

TEST_P(DecoderRows, AreGatedLikeTheReferenceBeforeTheProduct) {
  for (const double scale : {1e-3, 1.0, 30.0}) {
    const at::Tensor gate = random({37, 1376}, scale);
    const at::Tensor found = swiglu_by_threads(gate, at::ones_like(gate));
    const at::Tensor wanted = at::silu(gate);
    EXPECT_TRUE(close(found, wanted)) << "scale " << scale;
    EXPECT_TRUE(GetParam() == at::kFloat || nearly_all_equal(found, wanted));
  }
}

TEST_P(DecoderRows, AreMultipliedAfterRounding) {
  const at::Tensor gate = random({37, 176}), up = random({37, 176});
  EXPECT_TRUE(at::equal(swiglu_by_threads(gate, up),
                        at::mul(swiglu_by_threads(gate, at::ones_like(up)), up)));
}

TEST_P(DecoderRows, AreGatedAtTheEndsOfTheRangeToo) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> ends{-kInfinity, kInfinity, std::nanf(""), -200, -88, -0.0F, 0, 3e38F};
  const at::Tensor gate = at::from_blob(ends.data(), {8}, at::kFloat).to(GetParam());
  EXPECT_TRUE(at::allclose(swiglu_by_threads(gate, at::ones_like(gate)).to(at::kFloat),
                           at::silu(gate).to(at::kFloat), 1e-2, 0, /*equal_nan=*/true));
}

INSTANTIATE_TEST_SUITE_P(Types, DecoderRows, testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& type) { return std::string(at::toString(type.param)); });

TEST(Bfloat16, IsRoundedToLikeATenRounds) {
  std::vector<std::uint32_t> bits;  // signs, exponents and all that decides a rounding
  for (std::uint32_t high = 0; high < 0x10000; ++high) {
    for (const std::uint32_t low : {0x0U, 0x1U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU}) {
      bits.push_back(high << 16 | low);
    }
  }
  const at::Tensor wide =
      at::from_blob(bits.data(), {static_cast<std::int64_t>(bits.size())}, at::kFloat);
  const at::Tensor narrow = wide.to(at::kBFloat16);
  const auto* wanted = static_cast<const kernels::Bf16*>(narrow.const_data_ptr());
  const auto* values = wide.const_data_ptr<float>();
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const kernels::Bf16 found = kernels::rounded<kernels::Bf16>(values[i]);
    if (std::isnan(values[i])) {
      ASSERT_TRUE(std::isnan(kernels::widened(found))) << bits[i];
    } else {
      ASSERT_EQ(found.bits, wanted[i].bits) << bits[i];
    }
  }
}

}  // namespace
}  // namespace litebench::test
