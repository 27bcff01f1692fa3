#include "harness/forecast/rates.hpp"

#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/shards/store/sample_shard.hpp"

namespace litebench::forecast {
namespace {

const Key kHere = {{"device", "a processor"}, {"dtype", "fp32"}};

std::string refusal(const std::filesystem::path& path, const Key& key) {
  try {
    Rates::load(path, key);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    return error.what();
  }
  return "";
}

TEST(Rates, OfAFileAreThoseThatWereSaved) {
  const store::sample::Scratch folder;
  const auto path = folder.path() / "new/rates.json";
  Rates rates(kHere);
  rates.add("mask", {{1, 1}, 0.25});
  rates.add("mask", {{1, 3}, 0.75});
  rates.save(path);
  const Rates read = Rates::load(path, kHere);
  EXPECT_TRUE(read.has("mask"));
  EXPECT_FALSE(read.has("sam"));
  EXPECT_DOUBLE_EQ(read.at("mask", {2, 8}), rates.at("mask", {2, 8}));
  EXPECT_NEAR(read.at("mask", {2, 8}), 2, 1e-9);  // a quarter of a second a prompt, calls are free
  EXPECT_THROW((void)read.at("sam", {1}), std::out_of_range);
}

TEST(Rates, AreRefusedWhereTheyWereNotMeasured) {
  const store::sample::Scratch folder;
  const auto path = folder.path() / "rates.json";
  Rates(kHere).save(path);
  const std::string reason =
      refusal(path, {{"device", "a processor"}, {"dtype", "bf16"}, {"threads", "2"}});
  EXPECT_NE(reason.find("dtype: fp32 then, bf16 now"), std::string::npos) << reason;
  EXPECT_NE(reason.find("threads: nothing then, 2 now"), std::string::npos) << reason;
  EXPECT_EQ(reason.find("a processor"), std::string::npos) << reason;
}

TEST(Rates, OfADamagedFileAreRefused) {
  const store::sample::Scratch folder;
  const auto path = folder.path() / "rates.json";
  const std::string key = R"({"key": {"device": "a processor", "dtype": "fp32"}, "operators": )";
  for (const std::string text :
       {std::string("{"), key + R"({"mask": [{"x": [1], "y": "fast"}]}})",
        key + R"({"mask": [{"x": [1], "y": 1}, {"x": [1, 2], "y": 1}]}})",
        key + R"({"mask": [{"x": [], "y": 1}]}})", key + R"({"mask": [{"y": 1}]}})"}) {
    std::ofstream(path) << text;
    EXPECT_NE(refusal(path, kHere), "") << text;
  }
}

TEST(Rates, KeepAFileForEveryKey) {
  EXPECT_NE(default_rates_file(kHere),
            default_rates_file({{"device", "another"}, {"dtype", "fp32"}}));
  EXPECT_EQ(default_rates_file(kHere), default_rates_file(kHere));
}

}  // namespace
}  // namespace litebench::forecast
