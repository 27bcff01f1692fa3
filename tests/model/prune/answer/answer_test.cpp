#include "model/prune/answer/answer.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace litebench::prune {
namespace {

constexpr AnswerLimits kThreeOfNine{.tokens = 3, .patches = 9};
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Two kept patches and one merged of three, which a test then damages.
Answer merged() {
  return {.part_ptr = {0, 1, 2, 5},
          .index = {7, 2, 0, 4, 8},
          .weight = {1, 1, 0.5F, 0.25F, 0.25F},
          .anchor = {}};
}

std::string problem(const Answer& answer) { return problem_of(answer, kThreeOfNine); }

TEST(Answer, KeptPatchesBecomeRowsOfOneInTheOrderGiven) {
  const Answer answer{.part_ptr = {}, .index = {8, 0, kClsPatch}, .weight = {}, .anchor = {}};
  ASSERT_EQ(problem(answer), "");
  const PlanRows rows = rows_of(answer);
  EXPECT_EQ(rows.row_ptr, (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(rows.col, (std::vector<std::int64_t>{9, 1, 0}));  // row 0 of the features is CLS
  EXPECT_EQ(rows.weight, (std::vector<float>{1, 1, 1}));
  EXPECT_EQ(rows.anchor, (std::vector<float>{9, 1, 0}));
}

TEST(Answer, AMergedTokenStandsAtTheCentroidOfItsPartsOrWhereItsAnchorSays) {
  Answer answer = merged();
  ASSERT_EQ(problem(answer), "");
  EXPECT_FLOAT_EQ(rows_of(answer).anchor[2], 1 + (0 * 0.5F + 4 * 0.25F + 8 * 0.25F));
  answer.anchor = {7, 2, 9};
  ASSERT_EQ(problem(answer), "");
  EXPECT_EQ(rows_of(answer).anchor, (std::vector<float>{8, 3, 10}));
}

TEST(Answer, APatchMayBeKeptAndBePartOfSeveralMergedTokens) {
  const Answer answer{.part_ptr = {0, 1, 3, 5},
                      .index = {4, 4, 5, 4, 6},
                      .weight = {1, 0.5F, 0.5F, 0.5F, 0.5F},
                      .anchor = {}};
  EXPECT_EQ(problem(answer), "");
}

TEST(Answer, WrongCountsAreNamed) {
  EXPECT_EQ(problem({.index = {1, 2}}), "2 tokens, not the 3 of the budget");
  EXPECT_EQ(problem({}), "0 tokens, not the 3 of the budget");
  EXPECT_EQ(problem({.index = {1, 2, 3}, .weight = {1, 1, 1}}),
            "3 weights, but no offsets say whose they are");
  Answer answer = merged();
  answer.weight.pop_back();
  EXPECT_EQ(problem(answer), "4 weights for 5 indices");
  answer = merged();
  answer.anchor = {1};
  EXPECT_EQ(problem(answer), "1 anchors for 3 tokens");
}

TEST(Answer, OffsetsThatDoNotRiseAreNamed) {
  Answer answer = merged();
  answer.part_ptr = {0, 3, 2, 5};
  EXPECT_EQ(problem(answer), "the offsets of token 1 go backwards");
  answer.part_ptr = {0, 2, 2, 5};
  EXPECT_EQ(problem(answer), "token 1 is made of nothing");
  answer.part_ptr = {0, 1, 2, 6};
  EXPECT_EQ(problem(answer), "offsets go from 0 to 6, not from 0 to the 5 indices");
  answer.part_ptr = {1, 1, 2, 5};
  EXPECT_EQ(problem(answer), "offsets go from 1 to 5, not from 0 to the 5 indices");
}

TEST(Answer, IndicesOutOfRangeAndRepeatedOnesAreNamed) {
  EXPECT_EQ(problem({.index = {1, 9, 3}}),
            "index 9 is out of range (patches are 0 to 8, -1 is CLS)");
  EXPECT_EQ(problem({.index = {1, -2, 3}}),
            "index -2 is out of range (patches are 0 to 8, -1 is CLS)");
  EXPECT_EQ(problem({.index = {3, 1, 3}}), "index 3 is repeated among the kept ones");
  Answer answer = merged();
  answer.index[4] = 4;
  EXPECT_EQ(problem(answer), "index 4 is repeated in token 2");
  answer = merged();
  answer.index[1] = 7;
  EXPECT_EQ(problem(answer), "index 7 is repeated among the kept ones");
}

TEST(Answer, NumbersThatAreNoneAreNamed) {
  Answer answer = merged();
  answer.weight[3] = kNaN;
  EXPECT_EQ(problem(answer), "weight nan of index 4 is not finite");
  answer = merged();
  answer.weight[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(problem(answer), "weight inf of index 4 is not finite");
  answer = merged();
  answer.anchor = {0, kNaN, 0};
  EXPECT_EQ(problem(answer), "anchor nan is out of range (-1 to 9)");
  answer.anchor = {0, -1.5F, 0};
  EXPECT_EQ(problem(answer), "anchor -1.5 is out of range (-1 to 9)");
}

}  // namespace
}  // namespace litebench::prune
