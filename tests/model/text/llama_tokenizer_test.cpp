// Expected ids: transformers' slow LlamaTokenizer at 4.28 (tests/golden/tiny/README.md).
#include "model/text/llama_tokenizer.hpp"

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
  return copy_of(kTiny / "glamm", {"tokenizer.model", "added_tokens.json", "special_tokens_map.json"});
}

TEST(LlamaTokenizer, GivesTheReferencesIdsForEveryRecordedText) {
  expect_recorded_ids(LlamaTokenizer::load(kTiny / "glamm"), "llama", 150);
}

TEST(LlamaTokenizer, PutsTheImageBetweenThePiecesOfAPrompt) {
  const auto tokenizer = LlamaTokenizer::load(kTiny / "glamm");
  const auto document = test::expected_json("tokens.json");
  int cases = 0;
  document.root().at("image_token").each([&](json::Value entry) {
    EXPECT_EQ(tokenizer.encode_prompt(entry.at("text").as_string()), int_list(entry.at("ids")));
    ++cases;
  });
  EXPECT_EQ(cases, 6);
}

TEST(LlamaTokenizer, KnowsItsAddedAndSpecialTokens) {
  const auto tokenizer = LlamaTokenizer::load(kTiny / "glamm");
  const auto document = test::expected_json("tokens.json");
  const auto ids = document.root().at("llama_special_ids");
  for (const char* token :
       {"<im_start>", "<im_end>", "<bbox>", "<point>", "[SEG]", "<p>", "</p>"}) {
    EXPECT_EQ(tokenizer.id_of(token), ids.at(token).as_int()) << token;
  }
  EXPECT_EQ(tokenizer.id_of("</s>"), ids.at("eos").as_int());
  EXPECT_EQ(tokenizer.id_of("<image>"), std::nullopt);
  EXPECT_EQ(tokenizer.seg_id(), ids.at("[SEG]").as_int());
  EXPECT_EQ(tokenizer.vocabulary(), ids.at("vocab").as_int());
}

TEST(LlamaTokenizer, StripsWhatPythonCallsWhiteSpaceAroundAddedTokens) {
  const auto tokenizer = LlamaTokenizer::load(kTiny / "glamm");
  const auto bare = tokenizer.encode("a[SEG]b");
  for (const char* space :
       {" ", "\t\n", "\x1c", "\xc2\x85", "\xc2\xa0", "\xe2\x80\xa8", "\xe3\x80\x80"}) {
    EXPECT_EQ(tokenizer.encode(std::string("a") + space + "[SEG]" + space + "b"), bare) << space;
  }
  EXPECT_NE(tokenizer.encode("a\xe2\x80\x8b[SEG]b"), bare);  // U+200B is no white space
}

TEST(LlamaTokenizer, SpecialTokensStoredAsPlainStringsStripLikeAddedOnes) {
  const Scratch folder = copy_of_tokenizer();
  folder.write("special_tokens_map.json",
               R"({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"})");
  const auto plain = LlamaTokenizer::load(folder.path()),
             stored = LlamaTokenizer::load(kTiny / "glamm");
  EXPECT_EQ(plain.encode("a </s> b"), stored.encode("a</s>b"));
  EXPECT_NE(stored.encode("a </s> b"), stored.encode("a</s>b"));
}

TEST(LlamaTokenizer, TheSpecialTokensMapMayBeMissing) {
  const Scratch folder = copy_of_tokenizer();
  std::filesystem::remove(folder.path() / "special_tokens_map.json");
  EXPECT_EQ(LlamaTokenizer::load(folder.path()).encode("a </s> b"),
            LlamaTokenizer::load(kTiny / "glamm").encode("a </s> b"));
}

TEST(LlamaTokenizer, RefusesBrokenFilesWithTheirName) {
  const auto load = [](const Scratch& folder) {
    return refusal_of([&] { LlamaTokenizer::load(folder.path()); });
  };
  {
    const Scratch folder = copy_of_tokenizer();
    folder.write("tokenizer.model", "no protobuf at all");
    EXPECT_EQ(load(folder).code, ExitCode::data);
    EXPECT_NE(load(folder).text.find("tokenizer.model: unusable tokenizer"), std::string::npos)
        << load(folder).text;
  }
  {
    const Scratch folder = copy_of_tokenizer();
    std::filesystem::resize_file(folder.path() / "tokenizer.model", 7000);
    EXPECT_EQ(load(folder).code, ExitCode::data);
    std::filesystem::resize_file(folder.path() / "tokenizer.model", 0);
    EXPECT_EQ(load(folder).code, ExitCode::data);
    std::filesystem::remove(folder.path() / "tokenizer.model");
    EXPECT_EQ(load(folder).code, ExitCode::io);
  }
  for (const auto& [text, reason] : std::vector<std::pair<const char*, const char*>>{
           {"[]", "not an object"},
           {R"({"[SEG]": -1})", "has the id -1"},
           {R"({"[SEG]": 99999999999})", "has the id 99999999999"},
           {R"({"": 1000})", "no characters"},
           {R"({"a": 1000, "b": 1000})", "clashes"},
           {R"({"[SEG]": "x"})", "added_tokens.json"},
           {R"({"[SEG]": )", "added_tokens.json"}}) {
    const Scratch folder = copy_of_tokenizer();
    folder.write("added_tokens.json", text);
    EXPECT_EQ(load(folder).code, ExitCode::data) << text;
    EXPECT_NE(load(folder).text.find(reason), std::string::npos) << load(folder).text;
  }
  {
    const Scratch folder = copy_of_tokenizer();
    folder.write("special_tokens_map.json", R"({"bos_token": "<nowhere>"})");
    EXPECT_NE(load(folder).text.find("bos_token '<nowhere>' is in no vocabulary"),
              std::string::npos);
  }
}

TEST(LlamaTokenizer, ACheckpointWithoutSegIsRefusedWhenAskedForIt) {
  const Scratch folder = copy_of_tokenizer();
  folder.write("added_tokens.json", "{}");
  const auto tokenizer = LlamaTokenizer::load(folder.path());
  const auto refusal = refusal_of([&] { (void)tokenizer.seg_id(); });
  EXPECT_EQ(refusal.code, ExitCode::data);
  EXPECT_NE(refusal.text.find("no '[SEG]' among the added tokens"), std::string::npos);
}

}  // namespace
}  // namespace litebench::model
