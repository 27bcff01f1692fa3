// Questions and conversations: the reference's own prompt code
// (tests/golden/tiny/expected/eval.json).
#include <cstdio>
#include <fstream>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.hpp"
#include "shards/protocol/protocol.hpp"

namespace litebench::protocol {
namespace {

constexpr std::string_view kOpening =
    "A chat between a curious human and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and "
    "polite answers to the human's questions. USER: The <im_start><image><im_end> provides an "
    "overview of the picture.\n";

std::vector<json::Value> elements(json::Value array) {
  std::vector<json::Value> values;
  array.each([&](json::Value v) { values.push_back(v); });
  return values;
}

/// choices.json of everything that the reference drew.
std::string replay_text(json::Value eval) {
  std::string splits;
  eval.each_member([&](std::string_view key, json::Value split) {
    std::string images;
    split.at("samples").each([&](json::Value sample) {
      const auto sent_ids = elements(sample.at("sent_ids")),
                 templates = elements(sample.at("template_index"));
      const auto answers = elements(sample.at("answer_index"));
      std::string turns;
      for (std::size_t q = 0; q < sent_ids.size(); ++q) {
        turns +=
            fmt::format(R"({}{{"sent_id": {}, "template": {}, "answer": {}}})", q == 0 ? "" : ", ",
                        sent_ids[q].as_int(), templates[q].as_int(), answers[q].as_int());
      }
      images += fmt::format(R"({}{{"image_id": {}, "turns": [{}]}})", images.empty() ? "" : ", ",
                            sample.at("image_id").as_int(), turns);
    });
    std::string name(key);
    name[name.find('|')] = '/';
    splits += fmt::format(R"({}"{}": [{}])", splits.empty() ? "" : ", ", name, images);
  });
  return "{" + splits + "}";
}

void check_turns(const Sample& made, json::Value golden) {
  const auto questions = elements(golden.at("questions")),
             sentences = elements(golden.at("sentences"));
  ASSERT_EQ(made.turns.size(), questions.size());
  std::string conversation(kOpening);
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const Turn& turn = made.turns[q];
    EXPECT_EQ(turn.question, questions[q].as_string());
    EXPECT_EQ(turn.expression, sentences[q].as_string());
    conversation +=
        fmt::format("{}{} ASSISTANT: {}</s>", q == 0 ? "" : "USER: ", turn.question, turn.answer);
  }
  EXPECT_EQ(conversation, golden.at("conversation").as_string());
}

TEST(Replayed, ConversationsAreTheReferences) {
  const json::Document eval = json::Document::load("tests/golden/tiny/expected/eval.json");
  const auto path =
      std::filesystem::path(testing::TempDir()) / fmt::format("choices_{}.json", getpid());
  std::ofstream(path) << replay_text(eval.root());
  const Replay replay = Replay::load(path);
  std::filesystem::remove(path);
  int count = 0;
  eval.root().each_member([&](std::string_view key, json::Value golden) {
    const std::string name(key.substr(0, key.find('|'))), split(key.substr(key.find('|') + 1));
    const auto dataset = refer::load_dataset("tests/golden/tiny/data/Refer_Segm", name);
    const auto images = refer::images_of_split(dataset, split, refer::ImageOrder::cpython_set);
    const auto samples = elements(golden.at("samples"));
    ASSERT_EQ(images.size(), samples.size());
    for (std::size_t i = 0; i < images.size(); ++i) {
      const auto made =
          samples_of(dataset, split, images[i], profile("upstream-compatible"), &replay);
      ASSERT_EQ(made.size(), 1u) << "one conversation per image";
      check_turns(made[0], samples[i]);
      ++count;
    }
  });
  EXPECT_EQ(count, 32);
}

}  // namespace
}  // namespace litebench::protocol
