#include "base/json.hpp"

#include <tuple>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::json {
namespace {

std::string refusal(const std::function<void()>& read, ExitCode code = ExitCode::data) {
  try {
    read();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

TEST(Json, ReadsEveryType) {
  const Document document = Document::parse(
      R"({"s": "é\n", "i": -3, "d": 2.5, "w": 4.0, "t": true, "n": null, "a": [1, [2], {}]})", "x");
  const Value root = document.root();
  EXPECT_TRUE(root.is_object());
  EXPECT_EQ(root.size(), 7u);
  EXPECT_EQ(root.at("s").as_string(), "é\n");
  EXPECT_EQ(root.at("i").as_int(), -3);
  EXPECT_EQ(root.at("i").as_double(), -3.0);
  EXPECT_TRUE(root.at("i").is_integer());
  EXPECT_FALSE(root.at("w").is_integer());
  EXPECT_TRUE(root.at("w").is_number());
  EXPECT_EQ(root.at("w").as_int(), 4) << "whole doubles are integers";
  EXPECT_EQ(root.at("d").as_double(), 2.5);
  EXPECT_TRUE(root.at("t").as_bool());
  EXPECT_TRUE(root.at("n").is_null());
  EXPECT_EQ(root.at("a").size(), 3u);
  EXPECT_FALSE(root.find("absent"));
  EXPECT_FALSE(root.at("a").find("no object"));
}

TEST(Json, VisitsElementsAndMembersInFileOrder) {
  const Document document = Document::parse(R"({"b": [3, 1, 2], "a": 0})", "x");
  std::string seen;
  document.root().each_member([&](std::string_view key, Value) { seen += key; });
  document.root().at("b").each([&](Value item) { seen += std::to_string(item.as_int()); });
  EXPECT_EQ(seen, "ba312");
}

TEST(Json, NamesFileAndPathOfAValueOfTheWrongType) {
  const Document document =
      Document::parse(R"({"annotations": [{"id": 1}, {"id": "two"}]})", "instances.json");
  std::vector<Value> items;
  document.root().at("annotations").each([&](Value item) { items.push_back(item); });
  const std::string message = refusal([&] { std::ignore = items[1].at("id").as_int(); });
  EXPECT_NE(message.find("instances.json at /annotations/1/id (wanted an integer, found string)"),
            std::string::npos)
      << message;
  const std::string missing = refusal([&] { std::ignore = items[0].at("bbox"); });
  EXPECT_NE(missing.find("at /annotations/0 (member \"bbox\" is missing)"), std::string::npos)
      << missing;
}

TEST(Json, RefusesNumbersThatAreNoIntegersOf64Bits) {
  const Document document =
      Document::parse("[1.5, 9223372036854775808, 1e300, -9223372036854775808]", "x");
  std::vector<Value> items;
  document.root().each([&](Value item) { items.push_back(item); });
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(
        refusal([&] { std::ignore = items[i].as_int(); }).find("wanted an integer of 64 bits"),
        std::string::npos);
  }
  EXPECT_EQ(items[3].as_int(), INT64_MIN);
}

TEST(Json, RefusesTextThatIsNoJson) {
  for (const std::string_view text : {"", "{", "[1,]", "{\"a\" 1}", "\"\xff\"", "[1] x"}) {
    const std::string message = refusal([&] { Document::parse(text, "broken.json"); });
    EXPECT_NE(message.find("cannot read JSON broken.json"), std::string::npos) << message;
  }
  const std::string deep(100'000, '[');
  refusal([&] { Document::parse(deep, "deep.json"); });
}

TEST(Json, SaysThatAFileIsMissing) {
  const std::string message = refusal([] { Document::load("no/such.json"); }, ExitCode::io);
  EXPECT_NE(message.find("cannot read no/such.json (No such file"), std::string::npos) << message;
}

}  // namespace
}  // namespace litebench::json
