#include "model/prune/ledger.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/model/prune/toy.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;
using unit::PositionPolicy;

constexpr std::int64_t kSeg = 9;
const Indices kIds = {1, 2, kImagePlaceholder, 3, kSeg, 4, kSeg, 5};  // two before the image

LedgerOptions options(PositionPolicy policy) {
  return {.position = policy, .patches = 12, .seg_token = kSeg};
}

TokenLedger ledger(PositionPolicy policy, const Indices& patches) {
  return {kIds, gather_patches(patches, 12), options(policy)};
}

TEST(TokenLedger, SplicesVisualRowsInThePlaceOfTheImage) {
  const TokenLedger rows = ledger(PositionPolicy::compact, {7, 3, 11});
  EXPECT_EQ(rows.length(), 10);  // T − 1 + N
  EXPECT_EQ(rows.prefill_tokens(), 10);
  EXPECT_EQ(rows.visual_begin(), 2);
  EXPECT_EQ(rows.visual_count(), 3);
  EXPECT_EQ(rows.row(1).kind, RowKind::text);
  EXPECT_EQ(rows.row(2).kind, RowKind::visual);
  EXPECT_EQ(rows.row(2).origin, 7);
  EXPECT_EQ(rows.row(5).kind, RowKind::text);
}

// upstream.md §3.7: a [SEG] at input index p selects p + N − 2.
TEST(TokenLedger, WantsTheRowBeforeEachSeg) {
  for (std::int64_t n = 1; n <= 12; ++n) {
    Indices patches(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < patches.size(); ++i) patches[i] = static_cast<std::int64_t>(i);
    EXPECT_EQ(ledger(PositionPolicy::compact, patches).wanted(), (Indices{4 + n - 2, 6 + n - 2}));
  }
}

TEST(TokenLedger, FindsTheRowsBeforeAnswersAfterAnyCut) {
  LedgerOptions asked = options(PositionPolicy::compact);
  asked.turn_ends = {3, 5};  // input ids right before the two [SEG]s
  TokenLedger rows(kIds, gather_patches(Indices{7, 3, 11}, 12), asked);
  EXPECT_EQ(rows.turn_ends(), (Indices{5, 7}));
  rows.cut(TokenPlan::gather({2}, 3), 1);
  EXPECT_EQ(rows.turn_ends(), (Indices{3, 5}));
  EXPECT_TRUE(ledger(PositionPolicy::compact, {7, 3, 11}).turn_ends().empty());
}

// Live rows 0, 1, 2 are patches 0, 10, 11: the mean of 0 and 2 is row 1 by place in the sequence,
// but patch 5.5, before patch 10.
TEST(TokenLedger, OrdersMergedRowsByTheirPatches) {
  const TokenLedger rows = ledger(PositionPolicy::compact, {0, 10, 11});
  const TokenPlan plan = TokenPlan::rows({0, 1, 3}, {1, 0, 2}, {1, 0.5F, 0.5F}, {1, 1}, 3);
  const TokenPlan ordered = rows.in_raster_order(plan);
  EXPECT_EQ(ordered.origins()[0], -1);
  EXPECT_EQ(ordered.origins()[1], 1);
  EXPECT_EQ(Indices(ordered.cols().begin(), ordered.cols().end()), (Indices{0, 2, 1}));
}

TEST(TokenLedger, PlacesRowsByPolicy) {
  EXPECT_EQ(ledger(PositionPolicy::compact, {7, 3, 11}).positions(),
            (Indices{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  // Patches keep 2 + origin, the text after the image starts at 2 + 12.
  EXPECT_EQ(ledger(PositionPolicy::original, {7, 3, 11}).positions(),
            (Indices{0, 1, 9, 5, 13, 14, 15, 16, 17, 18}));
  // 3 -> 0, 7 -> 5.5 (away from zero), 11 -> 11
  EXPECT_EQ(ledger(PositionPolicy::stretch, {7, 3, 11}).positions(),
            (Indices{0, 1, 8, 2, 13, 14, 15, 16, 17, 18}));
  EXPECT_EQ(ledger(PositionPolicy::stretch, {7}).positions(),
            (Indices{0, 1, 2, 14, 15, 16, 17, 18}));
}

TEST(TokenLedger, EveryPolicyGivesTheUnprunedPositionsWhenNothingIsPruned) {
  const Indices all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  Indices counted(19);
  for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<std::int64_t>(i);
  for (const auto policy :
       {PositionPolicy::compact, PositionPolicy::original, PositionPolicy::stretch}) {
    EXPECT_EQ(ledger(policy, all).positions(), counted);
  }
}

TEST(TokenLedger, PlacesClsOnTheFirstPatchAndMergedRowsOnTheirAnchor) {
  // CLS (source row 0), then a mean of patches 4 and 7 anchored between them: source coordinate
  // 6.5, patch 5.5, slot 6.
  const TokenPlan plan = TokenPlan::rows({0, 1, 3}, {0, 5, 8}, {1, 0.5F, 0.5F}, {0, 6.5F}, 13);
  const TokenLedger rows(kIds, plan, options(PositionPolicy::original));
  EXPECT_EQ(rows.row(2).kind, RowKind::synthetic);
  EXPECT_EQ(rows.row(2).anchor, -1);
  EXPECT_EQ(rows.positions()[2], 2);
  EXPECT_EQ(rows.row(3).origin, -1);
  EXPECT_EQ(rows.positions()[3], 2 + 6);
}

TEST(TokenLedger, KeepsTrackOfCuts) {
  for (const auto policy : {PositionPolicy::compact, PositionPolicy::original}) {
    TokenLedger rows = ledger(policy, {1, 4, 6, 10});
    rows.enter_layer();
    rows.enter_layer();
    rows.cut(TokenPlan::gather({3, 1}, 4), 2);
    rows.enter_layer();
    rows.cut(TokenPlan::rows({0, 2}, {0, 1}, {0.5F, 0.5F}, {0.5F}, 2), 3);
    rows.enter_layer();
    EXPECT_EQ(Indices(rows.entering().begin(), rows.entering().end()), (Indices{4, 4, 2, 1}));
    EXPECT_EQ(rows.layer_mean(), 11.0 / 4);
    EXPECT_EQ(rows.kept(), 4);
    EXPECT_EQ(rows.kept_last(), 1);
    EXPECT_EQ(rows.wanted(), (Indices{3, 5}));
    ASSERT_EQ(rows.visual_sets().size(), 3U);
    EXPECT_EQ(rows.visual_sets()[1].origins, (std::vector<std::int16_t>{10, 4}));
    EXPECT_EQ(rows.visual_sets()[2].layer, 3);
    EXPECT_EQ(rows.visual_sets()[2].origins, (std::vector<std::int16_t>{-1}));
    EXPECT_EQ(rows.row(2).anchor, 7);  // between 10 and 4
    EXPECT_EQ(rows.positions()[2], policy == PositionPolicy::compact ? 2 : 2 + 7);
    EXPECT_EQ(rows.table().size(),
              12U);  // eleven at first and one merged; the dead stay in the table
    EXPECT_EQ(std::count_if(rows.table().begin(), rows.table().end(),
                            [](const LedgerRow& r) { return r.alive; }),
              8);
  }
}

TEST(TokenLedger, TruncatesAfterTheWantedRows) {
  TokenLedger rows = ledger(PositionPolicy::compact, {1, 4});
  rows.truncate(rows.wanted().back() + 1);
  EXPECT_EQ(rows.length(), 7);
  EXPECT_EQ(rows.wanted(), (Indices{4, 6}));
  EXPECT_EQ(rows.prefill_tokens(), 9);
}

TEST(TokenLedger, RefusesIdsThatAreNoConversation) {
  const TokenPlan plan = TokenPlan::identity(13);
  const auto build = [&](const Indices& ids) {
    return TokenLedger(ids, plan, options(PositionPolicy::compact));
  };
  EXPECT_THROW(build({1, 2, 3}), Error);
  EXPECT_THROW(build({1, kImagePlaceholder, kImagePlaceholder}), Error);
  EXPECT_THROW(build({1, kImagePlaceholder, kSeg}), Error);
  EXPECT_THROW(build({kSeg, kImagePlaceholder, 1}), Error);
}

}  // namespace
}  // namespace litebench::prune
