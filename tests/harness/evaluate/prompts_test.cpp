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

TEST(Prompts, TurnsEndRightBeforeTheirAnswers) {
  std::vector<protocol::Turn> asked = turns(3);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    asked[i].answer = std::string(protocol::answer(i == 1 ? 4 : 0));   // the last begins with [SEG]
  }
  const auto tokenized = tokenized_prompts("tests/golden/tiny/glamm", "tests/golden/tiny/clip", model::named_geometry("tiny"));
  const auto made_up = made_up_prompts(model::named_geometry("glamm-7b"), 128);
  for (const Prompts* prompts : {tokenized.get(), made_up.get()}) {
    const std::vector<std::int64_t> ids = prompts->conversation(asked);
    const std::vector<std::int64_t> ends = prompts->turn_ends(ids);
    ASSERT_EQ(ends.size(), 3u);
    std::vector<std::int64_t> segs;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] == prompts->seg_token()) segs.push_back(static_cast<std::int64_t>(i));
    }
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_LT(ends[i], segs[i]);
      if (i > 0) EXPECT_GT(ends[i], segs[i - 1]);
      EXPECT_EQ(ids[static_cast<std::size_t>(ends[i])] == ids[static_cast<std::size_t>(ends[0])], prompts == tokenized.get() || i == 0);
    }
    EXPECT_EQ(ends[1], segs[1] - 1);
  }
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
