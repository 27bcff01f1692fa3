#include "analysis/options/table_options.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::analysis {
namespace {

TableOptions parse(std::string_view tables) { return table_options_of(tables, "test"); }

std::string refusal_of(std::string_view tables) {
  try {
    parse(tables);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  ADD_FAILURE() << "accepted: " << tables;
  return "";
}

constexpr const char* kEverything = R"([tables]
baseline = "none@1"
reference = "litelvlm-icml26"
include = ["main", "positions"]
print = []
draws = 2000
seed = 3
interval = "percentile"
level = 0.9
correction = "benjamini-hochberg"
alpha = 0.01
power = 0.9
margin = 0.005
least_images = 30
[[tables.table]]
name = "positions"
title = "Position ids"
rows = "position"
columns = "method"
value = "retention"
where = { tokens = 64, order = "native" }
[[tables.table]]
name = "two"
)";

TEST(TableOptions, EveryKeyIsReadAndWhatIsWrittenOutReadsBackTheSame) {
  const TableOptions options = parse(kEverything);
  EXPECT_EQ(options.baseline, "none@1");
  EXPECT_EQ(options.include, (std::vector<std::string>{"main", "positions"}));
  EXPECT_TRUE(options.print.empty());
  EXPECT_EQ(options.draws, 2000);
  EXPECT_EQ(options.interval, IntervalKind::percentile);
  EXPECT_EQ(options.level, 0.9);
  EXPECT_EQ(options.correction, Correction::benjamini_hochberg);
  EXPECT_EQ(options.margin, 0.005);
  EXPECT_EQ(options.least_images, 30);
  ASSERT_EQ(options.tables.size(), 2U);
  EXPECT_EQ(options.tables[0].where, (std::vector<std::pair<std::string, std::string>>{
                                         {"order", "native"}, {"tokens", "64"}}));
  EXPECT_EQ(options.tables[1].title, "two");
  EXPECT_EQ(options.tables[1].rows, "method");
  config::Node root;
  root.members.push_back({"tables", node_of(options)});
  EXPECT_EQ(parse(config::print_toml(root)), options);
}

TEST(TableOptions, AConfigurationWithoutTablesHasTheDefaultsAndTheyReadBack) {
  const TableOptions options = parse("[model]\n");
  EXPECT_EQ(options, TableOptions{});
  EXPECT_EQ(options.print, (std::vector<std::string>{"main", "efficiency"}));
  config::Node root;
  root.members.push_back({"tables", node_of(options)});
  EXPECT_EQ(parse(config::print_toml(root)), options);
}

TEST(TableOptions, WhatCannotBeIsRefusedWithWhatCould) {
  EXPECT_NE(refusal_of("[tables]\ndraw = 5").find("did you mean \"draws\"?"), std::string::npos);
  EXPECT_NE(refusal_of("[tables]\nprint = [\"mian\"]").find("did you mean \"main\"?"),
            std::string::npos);
  EXPECT_NE(refusal_of("[tables]\ninterval = \"normal\"").find("bca, percentile"),
            std::string::npos);
  EXPECT_NE(refusal_of("[tables]\nlevel = 95").find("between 0 and 1"), std::string::npos);
  EXPECT_NE(refusal_of("[tables]\nalpha = 1.5").find("between 0 and 1"), std::string::npos);
  EXPECT_NE(refusal_of("[tables]\ndraws = -1").find("out of range"), std::string::npos);
  EXPECT_NE(refusal_of("[[tables.table]]\nname = \"../x\"").find("made of letters"),
            std::string::npos);
  EXPECT_NE(refusal_of("[[tables.table]]\nname = \"main\"").find("another table"),
            std::string::npos);
  EXPECT_NE(refusal_of("[[tables.table]]\nname = \"a\"\n[[tables.table]]\nname = \"a\"")
                .find("another table"),
            std::string::npos);
  EXPECT_NE(refusal_of("[[tables.table]]\nname = \"a\"\nrows = \"tokens\"").find("the same axis"),
            std::string::npos);
  EXPECT_NE(refusal_of("[[tables.table]]\nname = \"a\"\nwhere = 3").find("table of axis = value"),
            std::string::npos);
  EXPECT_NE(refusal_of("[[tables.table]]\nname = \"a\"\nvalues = \"ciou\"")
                .find("did you mean \"value\"?"),
            std::string::npos);
  EXPECT_NE(refusal_of("[tables]\ntable = 3").find("[[tables.table]]"), std::string::npos);
}

}  // namespace
}  // namespace litebench::analysis
