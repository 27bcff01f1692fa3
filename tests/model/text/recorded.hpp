#pragma once
// What the tests of both tokenizers share.

#include <filesystem>
#include <initializer_list>

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"
#include "tests/support/scratch.hpp"

namespace litebench::model {

/// Some files of a folder in one that may be damaged.
inline test::Scratch copy_of(const std::filesystem::path& folder,
                             std::initializer_list<const char*> names) {
  test::Scratch copy;
  for (const char* name : names) std::filesystem::copy_file(folder / name, copy.path() / name);
  return copy;
}

/// Every text of one section of tokens.json gives the ids recorded with it.
template <typename Tokenizer>
void expect_recorded_ids(const Tokenizer& tokenizer, const char* section, int cases) {
  const auto document = test::expected_json("tokens.json");
  int seen = 0;
  document.root().at(section).each([&](json::Value entry) {
    const auto text = entry.at("text").as_string();
    EXPECT_EQ(tokenizer.encode(text), test::int_list(entry.at("ids"))) << text;
    ++seen;
  });
  EXPECT_EQ(seen, cases);
}

}  // namespace litebench::model
