#include "harness/evaluate/prompts.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace litebench::evaluate {
namespace {

std::vector<protocol::Turn> turns(int count) {
  std::vector<protocol::Turn> made(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) made[static_cast<std::size_t>(i)].question = "question " + std::to_string(i);
  return made;
}

TEST(MadeUpPrompts, HaveTheAskedLengthOneImageAndOneSegPerTurn) {
  const auto prompts = made_up_prompts(model::named_geometry("glamm-7b"), 128);
  for (const int count : {1, 2, 3}) {
    const std::vector<std::int64_t> ids = prompts->conversation(turns(count));
    EXPECT_EQ(ids.size(), 129u);   // 128 beside the image placeholder
    EXPECT_EQ(std::count(ids.begin(), ids.end(), -200), 1);
    EXPECT_EQ(ids[36], -200);      // where real prompts have it (upstream.md §3.6)
    EXPECT_EQ(std::count(ids.begin(), ids.end(), prompts->seg_token()), count);
    EXPECT_EQ(prompts->seg_token(), 32004);
    EXPECT_LT(*std::max_element(ids.begin(), ids.end()), 32007);
  }
}

TEST(MadeUpPrompts, ClipTextsEndInTheLargestId) {
  const auto prompts = made_up_prompts(model::named_geometry("glamm-7b"), 128);
  const std::vector<std::int64_t> ids = prompts->clip_text("a");
  EXPECT_EQ(ids.size(), 20u);
  EXPECT_EQ(ids.back(), 49407);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 49407), 1);
  EXPECT_NE(ids, prompts->clip_text("b"));
}

TEST(TokenizedPrompts, GiveTheRecordedIdsOfTheReference) {
  // tests/golden/tiny/expected/eval.json, refcoco|val, first sample: made by the reference implementation.
  const auto prompts = tokenized_prompts("tests/golden/tiny/glamm", "tests/golden/tiny/clip", model::named_geometry("tiny"));
  EXPECT_EQ(prompts->seg_token(), 1004);
  const std::vector<std::int64_t> expected = {2912, 1474, 567, 70, 777, 127, 102, 940, 742, 525, 1894, 127, 253, 324, 530,
                                              589, 2867, 2913};
  EXPECT_EQ(prompts->clip_text("Please segment éclair on straße in this image"), expected);
}

}  // namespace
}  // namespace litebench::evaluate
