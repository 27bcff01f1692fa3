// Expected ids: transformers' CLIPTokenizerFast (tests/golden/tiny/README.md).
#include "model/text/clip_tokenizer.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/support/golden.hpp"
#include "tests/model/text/recorded.hpp"
#include "tests/support/scratch.hpp"

namespace litebench::model {
namespace {

using test::int_list;
using test::kTiny;
using test::refusal_of;
using test::Scratch;

Scratch copy_of_tokenizer() {
  return copy_of(kTiny / "clip", {"vocab.json", "merges.txt"});
}

TEST(ClipTokenizer, GivesTheReferencesIdsForEveryRecordedText) {
  expect_recorded_ids(ClipTokenizer::load(kTiny / "clip"), "clip", 123);
}

TEST(ClipTokenizer, EqualsARecordedBatchButForItsPadding) {
  const auto tokenizer = ClipTokenizer::load(kTiny / "clip");
  const auto document = test::expected_json("tokens.json");
  const auto batch = document.root().at("clip_batch");
  const auto texts = test::string_list(batch.at("texts"));
  std::size_t row = 0;
  batch.at("input_ids").each([&](json::Value wanted) {
    auto ids = tokenizer.encode(texts.at(row++));
    const auto padded = int_list(wanted);
    ids.resize(padded.size(), tokenizer.end_id());
    EXPECT_EQ(ids, padded);
  });
  EXPECT_EQ(row, 3U);
}

TEST(ClipTokenizer, KeepsTheEndTokenWhenATextIsCut) {
  const auto tokenizer = ClipTokenizer::load(kTiny / "clip", 5);
  const auto ids = tokenizer.encode("one two three four five six");
  ASSERT_EQ(ids.size(), 5U);
  EXPECT_EQ(ids.back(), tokenizer.end_id());
  EXPECT_EQ(tokenizer.vocabulary(), 2914);
}

TEST(ClipTokenizer, LowersEveryCharacterAlone) {
  const auto tokenizer = ClipTokenizer::load(kTiny / "clip");
  EXPECT_EQ(tokenizer.encode("\u039F\u0394\u039F\u03A3"),
            tokenizer.encode("\u03BF\u03B4\u03BF\u03C3"));  // no final sigma
  EXPECT_EQ(tokenizer.encode("\u0130"), tokenizer.encode("i\u0307"));
}

TEST(ClipTokenizer, ATextThatIsNotUtf8IsRefused) {
  const auto tokenizer = ClipTokenizer::load(kTiny / "clip");
  EXPECT_EQ(refusal_of([&] { (void)tokenizer.encode("caf\xE9"); }).code, ExitCode::data);
}

TEST(ClipTokenizer, AWordOfAMillionLettersIsNotAQuadraticWait) {
  const auto tokenizer = ClipTokenizer::load(kTiny / "clip");
  EXPECT_EQ(tokenizer.encode(std::string(1'000'000, 'a')).size(), 77U);
}

TEST(ClipTokenizer, RefusesBrokenFilesWithTheirName) {
  const auto expect_refused = [](const Scratch& folder, ExitCode code, std::string_view reason) {
    const auto refusal = refusal_of([&] { ClipTokenizer::load(folder.path()); });
    EXPECT_EQ(refusal.code, code);
    EXPECT_NE(refusal.text.find(reason), std::string::npos) << refusal.text;
  };
  for (const auto& [name, content, reason] : std::vector<std::array<const char*, 3>>{
           {"vocab.json", "[1, 2]", "not an object"},
           {"vocab.json", R"({"!": 0})", "is not in the vocabulary"},
           {"vocab.json", R"({"!": -3})", "has the id -3"},
           {"vocab.json", "{", "vocab.json"},
           {"merges.txt", "", "no merges"},
           {"merges.txt", "#version: 0.2\n", "no merges"},
           {"merges.txt", "#version: 0.2\ni n\nabc\n", "line 3 is not two tokens"},
           {"merges.txt", "#version: 0.2\ni n\n\nt h\n", "line 3 is not two tokens"},
           {"merges.txt", "#version: 0.2\ni n x\n", "line 2 is not two tokens"},
           {"merges.txt", "#version: 0.2\nqq zz\n", "'qq' is not in the vocabulary"}}) {
    const Scratch folder = copy_of_tokenizer();
    folder.write(name, content);
    expect_refused(folder, ExitCode::data, reason);
  }
  const Scratch folder = copy_of_tokenizer();
  std::filesystem::remove(folder.path() / "merges.txt");
  expect_refused(folder, ExitCode::io, "merges.txt");
}

}  // namespace
}  // namespace litebench::model
