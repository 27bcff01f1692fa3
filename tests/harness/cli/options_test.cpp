#include "harness/cli/options.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::cli {
namespace {

TEST(RunOptions, AreReadFromTheCommandLine) {
  const RunOptions options =
      parse_run_options({"--config", "a.toml", "--set", "run.seed=3", "--set", "model.dtype=fp32", "--limit", "4",
                         "--fresh", "--no-reduce", "--log-level", "quiet"});
  EXPECT_EQ(options.config, "a.toml");
  EXPECT_EQ(options.overrides.assignments, (std::vector<std::string>{"run.seed=3", "model.dtype=fp32"}));
  EXPECT_EQ(options.overrides.limit, 4);
  EXPECT_TRUE(options.fresh);
  EXPECT_FALSE(options.reduce);
  EXPECT_EQ(options.log_level, LogLevel::quiet);
}

TEST(RunOptions, AMistypedOptionGetsASuggestion) {
  try {
    parse_run_options({"--confg", "a.toml"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("did you mean --config?"), std::string::npos) << error.what();
  }
}

TEST(RunOptions, MissingAndImpossibleValuesAreUsageErrors) {
  EXPECT_THROW(parse_run_options({"--config"}), Error);
  EXPECT_THROW(parse_run_options({"--limit", "x"}), Error);
  EXPECT_THROW(parse_run_options({"--limit", "-2"}), Error);
  EXPECT_THROW(parse_run_options({"--log-level", "loud"}), Error);
  EXPECT_THROW(parse_run_options({"stray"}), Error);
}

}  // namespace
}  // namespace litebench::cli
