#include "model/prune/token_plan.hpp"

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include "tests/model/prune/toy.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;

at::Tensor numbers(std::int64_t rows) {
  return filled(rows, 3,
                [](auto i, auto j) { return 0.25 * static_cast<double>((i * 7 + j * 5) % 13); });
}

/// The plan as a dense matrix: the oracle of apply and then.
at::Tensor dense(const TokenPlan& plan) {
  at::Tensor w = at::zeros({plan.size(), plan.sources()});
  for (std::int64_t row = 0; row < plan.size(); ++row) {
    for (std::int64_t e = plan.row_ptr()[row]; e < plan.row_ptr()[row + 1]; ++e) {
      w[row][plan.cols()[e]] += plan.weights()[e];
    }
  }
  return w;
}

TokenPlan merging() {  // row 0: half of 1 and 3; row 1: row 4; row 2: 2·row 0
  return TokenPlan::rows({0, 2, 3, 4}, {1, 3, 4, 0}, {0.5F, 0.5F, 1.0F, 2.0F}, {2, 4, 0}, 6);
}

TEST(TokenPlan, IdentityKeepsEveryRowBitForBit) {
  const at::Tensor x = numbers(5);
  EXPECT_TRUE(at::equal(TokenPlan::identity(5).apply(x), x));
  EXPECT_TRUE(TokenPlan::identity(5).is_gather());
}

TEST(TokenPlan, DroppingEverythingLeavesNoRow) {
  const at::Tensor y = TokenPlan::drop_all(5).apply(numbers(5));
  EXPECT_EQ(y.size(0), 0);
  EXPECT_EQ(y.size(1), 3);
}

TEST(TokenPlan, MergesAsItsMatrixDoes) {
  const at::Tensor x = numbers(6);
  EXPECT_FALSE(merging().is_gather());
  EXPECT_TRUE(at::equal(merging().apply(x), at::matmul(dense(merging()), x)));
  const TokenPlan plan = merging();
  EXPECT_EQ(Indices(plan.origins().begin(), plan.origins().end()), (Indices{-1, 4, -1}));
}

TEST(TokenPlan, AccumulatesMergedRowsInFp32) {
  // 1 + 512 · 2⁻⁹ = 2; in bf16 every single addition of 2⁻⁹ to 1 would be lost.
  const at::Tensor x =
      filled(513, 1, [](auto i, auto) { return i == 0 ? 1.0 : 1.0 / 512; }).to(at::kBFloat16);
  Indices col(513);
  for (std::size_t i = 0; i < col.size(); ++i) col[i] = static_cast<std::int64_t>(i);
  const TokenPlan sum = TokenPlan::rows({0, 513}, col, std::vector<float>(513, 1.0F), {256}, 513);
  const at::Tensor y = sum.apply(x);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_EQ(y.item<float>(), 2.0F);
}

TEST(TokenPlan, ComposingEqualsTheProductOfTheMatrices) {
  const TokenPlan pick = TokenPlan::gather({2, 0}, 3);
  const TokenPlan mix = TokenPlan::rows({0, 2}, {0, 2}, {0.25F, 4.0F}, {1}, 3);
  for (const TokenPlan& next : {pick, mix}) {
    const TokenPlan both = merging().then(next);
    EXPECT_TRUE(at::equal(dense(both), at::matmul(dense(next), dense(merging()))));
    EXPECT_EQ(both.sources(), 6);
  }
  const TokenPlan picked = merging().then(pick);
  EXPECT_EQ(picked.anchors()[0], 0);  // row 2 of merging() sits at 0
  const TokenPlan twice = TokenPlan::gather({5, 3, 1}, 6).then(pick);
  EXPECT_TRUE(twice.is_gather());
  EXPECT_EQ(twice.origins()[0], 1);
}

TEST(TokenPlan, AppliesWideSumsAsItAppliesNarrowOnes) {
  Indices row_ptr = {0}, col;
  std::vector<float> weight, anchor;
  for (std::int64_t row = 0; row < 20; ++row) {
    for (std::int64_t source = 0; source < 6; ++source) {
      col.push_back(source);
      weight.push_back(static_cast<float>((3 * row + 5 * source) % 7) / 4 - 0.5F);
    }
    row_ptr.push_back(std::ssize(col));
    anchor.push_back(2.5F);
  }
  const TokenPlan wide = TokenPlan::rows(row_ptr, col, weight, anchor, 6);
  const at::Tensor x = filled(6, 3, [](auto i, auto j) { return 2 * i - j + i * j; });
  EXPECT_TRUE(at::equal(wide.apply(x), at::matmul(dense(wide), x)));  // all values are exact
  EXPECT_EQ(wide.apply(x.to(at::kBFloat16)).scalar_type(), at::kBFloat16);
}

TEST(TokenPlan, SortsByAnchorAndKeepsEqualOnesInOrder) {
  EXPECT_EQ(patches_of(gather_patches(Indices{9, 2, 5}, 12).by_anchor()), (Indices{2, 5, 9}));
  const TokenPlan tied =
      TokenPlan::rows({0, 1, 2, 3}, {4, 1, 0}, {1, 2, 3}, {2, 2, 0}, 6).by_anchor();
  EXPECT_EQ(Indices(tied.cols().begin(), tied.cols().end()), (Indices{0, 4, 1}));
}

}  // namespace
}  // namespace litebench::prune
