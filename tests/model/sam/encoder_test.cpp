// Expected values: the reference implementation (tests/golden/tiny); for shapes it does not record, SAM's attention as
// defined, with materialised scores.

#include "model/sam/encoder.hpp"

#include <gtest/gtest.h>

#include "tests/model/golden.hpp"

namespace litebench::model {
namespace {

using golden::relative_error;
using golden::tiny_model;

constexpr double kTolerance = 5e-5;  // README of the reference data, sam.image_embedding

class SamEncoderTest : public ::testing::Test {
 protected:
  c10::InferenceMode guard_;
  const Geometry& geometry_ = tiny_model().geometry;
  SamEncoder encoder_{*tiny_model().glamm, geometry_.sam};
};

TEST_F(SamEncoderTest, EveryBlockAndTheEmbeddingEqualTheReference) {
  const auto grid = geometry_.sam.grid();
  int blocks_compared = 0;
  for (const auto& sample : golden::samples()) {
    const auto embedding = encoder_.forward(
        golden::sam_input(sample, geometry_), [&](std::int64_t block, const at::Tensor& output) {
          if (const auto expected = sample.file.find(fmt::format("sam.block{}", block))) {
            const auto step = expected->stride;
            const auto seen =
                output.view({grid, grid, -1}).slice(0, 0, {}, step).slice(1, 0, {}, step);
            EXPECT_LT(relative_error(seen, expected->values), kTolerance)
                << sample.name << " block " << block;
            ++blocks_compared;
          }
        });
    const auto expected = sample.file.find("sam.image_embedding").value();
    const auto seen = embedding.slice(1, 0, {}, expected.stride).slice(2, 0, {}, expected.stride);
    EXPECT_LT(relative_error(seen, expected.values), kTolerance) << sample.name;
  }
  EXPECT_EQ(blocks_compared, 2 * geometry_.sam.depth);
}

TEST_F(SamEncoderTest, ASecondPassGivesTheSameBits) {
  const auto pixels = golden::sam_input(golden::samples().front(), geometry_);
  EXPECT_TRUE(encoder_.forward(pixels).equal(encoder_.forward(pixels)));
}

}  // namespace
}  // namespace litebench::model
