// Expected texts: CPython 3.11 (tests/golden/python/make_python.py).
#include "base/unicode.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/json.hpp"

namespace litebench {
namespace {

class Unicode : public testing::Test {
 protected:
  json::Document golden_ = json::Document::load("tests/golden/python/unicode.json");
};

TEST_F(Unicode, LowersStripsAndNormalisesTextsAsPythonDoes) {
  golden_.root().at("texts").each([](json::Value item) {
    const std::string_view text = item.at("text").as_string();
    EXPECT_EQ(python_lower(text), item.at("lower").as_string()) << text;
    EXPECT_EQ(python_strip(text), item.at("strip").as_string()) << text;
    EXPECT_EQ(nfc(text), item.at("nfc").as_string()) << text;
  });
}

TEST_F(Unicode, LowersEveryLetterAsPythonDoes) {
  int count = 0;
  golden_.root().at("lower").each_member([&](std::string_view letter, json::Value lower) {
    EXPECT_EQ(python_lower(letter), lower.as_string()) << letter;
    ++count;
  });
  EXPECT_GT(count, 1'300);
}

TEST_F(Unicode, StripsEverySpaceOfPython) {
  const std::string spaces(golden_.root().at("spaces").as_string());
  EXPECT_EQ(python_strip(spaces), "");
  EXPECT_EQ(python_strip(spaces + "a b" + spaces), "a b");
}

TEST(UnicodeErrors, RefusesTextThatIsNotUtf8) {
  for (const std::string_view text : {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80"}) {
    EXPECT_FALSE(is_utf8(text));
    EXPECT_THROW(python_lower(text), Error);
    EXPECT_THROW(python_strip(text), Error);
    EXPECT_THROW(nfc(text), Error);
  }
  EXPECT_TRUE(is_utf8("é 😀"));
}

}  // namespace
}  // namespace litebench
