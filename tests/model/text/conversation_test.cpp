// Expected prompts and ids: the reference's evaluation script (tests/golden/tiny/README.md,
// eval.json).
#include "model/text/conversation.hpp"

#include <gtest/gtest.h>

#include "model/text/clip_tokenizer.hpp"
#include "model/text/llama_tokenizer.hpp"
#include "tests/support/golden.hpp"

namespace litebench::model {
namespace {

using test::int_list;
using test::kTiny;

constexpr std::string_view kAnswers[5] = {"It is [SEG].", "Sure, [SEG].", "Sure, it is [SEG].",
                                          "Sure, the segmentation result is [SEG].", "[SEG]."};

TEST(Conversation, EveryRecordedSampleGivesTheReferencesPromptAndIds) {
  const auto llama = LlamaTokenizer::load(kTiny / "glamm");
  const auto clip = ClipTokenizer::load(kTiny / "clip");
  const auto document = test::expected_json("eval.json");
  int samples = 0;
  document.root().each_member([&](std::string_view split, json::Value entry) {
    SCOPED_TRACE(split);
    entry.at("samples").each([&](json::Value sample) {
      const auto questions = test::string_list(sample.at("questions"));
      const auto answers = int_list(sample.at("answer_index"));
      std::vector<QuestionAnswer> turns;
      for (std::size_t i = 0; i < questions.size(); ++i)
        turns.push_back({questions[i], kAnswers[answers.at(i)]});
      const std::string prompt = compose(turns);
      EXPECT_EQ(prompt, sample.at("conversation").as_string());
      const auto ids = llama.encode_prompt(prompt);
      EXPECT_EQ(ids, int_list(sample.at("input_ids")));
      EXPECT_EQ(seg_input_positions(ids, llama.seg_id()),
                int_list(sample.at("seg_input_positions")));
      std::size_t turn = 0;
      sample.at("clip_text_ids").each([&](json::Value wanted) {
        EXPECT_EQ(clip.encode(questions.at(turn++)), int_list(wanted));
      });
      EXPECT_EQ(turn, questions.size());
      ++samples;
    });
  });
  EXPECT_EQ(samples, 32);
}

}  // namespace
}  // namespace litebench::model
