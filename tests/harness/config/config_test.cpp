#include "harness/config/config.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/toml.hpp"

namespace litebench::config {
namespace {

constexpr std::string_view kSmall = R"(
[model]
glamm = "g"
clip = "c"
[data]
splits = ["refcoco/val"]
[[sweep]]
method = "none"
[[sweep]]
method = ["litelvlm", "random"]
tokens = [192, 64]
position = ["native", "original"]
seeds = 3
)";

Config parse(std::string_view text, Overrides overrides = {}) { return parse_config(text, "test.toml", overrides); }

std::string message_of(std::string_view text, Overrides overrides = {}) {
  try {
    parse(text, overrides);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

void expect_message(std::string_view text, std::string_view part) {
  const std::string message = message_of(text);
  EXPECT_NE(message.find(part), std::string::npos) << "message: " << message;
}

TEST(Config, ListsInASweepStandForTheirProduct) {
  const Config config = parse(kSmall);
  ASSERT_EQ(config.variants.size(), 9u);
  EXPECT_EQ(unit::id_of(config.variants[0].variant), "none");
  EXPECT_EQ(unit::id_of(config.variants[1].variant), "litelvlm@192");
  EXPECT_EQ(unit::id_of(config.variants[2].variant), "litelvlm@192[pos=original]");
  EXPECT_EQ(unit::id_of(config.variants[8].variant), "random@64[pos=original]");
  EXPECT_EQ(config.variants[8].seeds, 3);
}

TEST(Config, UnknownKeyNamesTheLineAndTheNearestKey) {
  expect_message("[run]\nouput = \"x\"\n[model]\nglamm=\"g\"\nclip=\"c\"\n[[sweep]]\nmethod=\"none\"",
                 "cannot use \"ouput\" in [run] line 2 (litebench knows no such key) did you mean \"output\"?");
  expect_message("[modle]\nglamm=\"g\"\n[model]\nglamm=\"g\"\nclip=\"c\"\n[[sweep]]\nmethod=\"none\"", "\"model\"?");
}

TEST(Config, WrongTypesAndRangesAreRefused) {
  expect_message("[run]\nseed = \"x\"", "wants an integer");
  expect_message("[run]\nlimit = -1", "out of range");
  expect_message("[model]\nglamm = 3", "wants text");
  expect_message("[model]\nglamm=\"g\"\nclip=\"c\"\ndtype=\"fp8\"\n", "fp32, bf16");
  expect_message("x = ", "line 1");
}

TEST(Config, MissingModelSplitMethodAreExplained) {
  expect_message("[[sweep]]\nmethod = \"none\"", "names no glamm");
  expect_message("[model]\nglamm=\"g\"\nclip=\"c\"", "no [[sweep]]");
  expect_message("[model]\nglamm=\"g\"\nclip=\"c\"\n[data]\nsplits=[\"refcco/val\"]\n[[sweep]]\nmethod=\"none\"",
                 "did you mean refcoco/val?");
  expect_message("[model]\nglamm=\"g\"\nclip=\"c\"\n[[sweep]]\ntokens=3", "names no method");
}

TEST(Config, RandomWeightsComeInPairs) {
  expect_message("[model]\nglamm=\"random:tiny\"\nclip=\"c\"\n[[sweep]]\nmethod=\"none\"", "cannot pair");
  expect_message("[model]\nglamm=\"random:tiny\"\nclip=\"random:mid\"\n[[sweep]]\nmethod=\"none\"", "cannot pair");
}

TEST(Config, TwoProtocolsOfEqualValuesAreRefusedWhateverTheirProfile) {
  const std::string head = "[model]\nglamm=\"g\"\nclip=\"c\"\n", sweep = "[[sweep]]\nmethod=\"none\"";
  expect_message(head + "[[protocol]]\n[[protocol]]\nseed=[16,17]\n" + sweep, "protocol 2 is listed twice");
  expect_message(head + "[[protocol]]\n[[protocol]]\nprofile=\"glamm-baseline\"\n" + sweep,
                 "values of protocol 0 (upstream-compatible)");
}

TEST(Config, TheSameVariantTwiceIsRefused) {
  expect_message("[model]\nglamm=\"g\"\nclip=\"c\"\n[[sweep]]\nmethod=\"none\"\n[[sweep]]\nmethod=\"none\"",
                 "listed twice");
}

TEST(Config, TheCommandLineWinsOverTheFile) {
  Overrides overrides;
  overrides.assignments = {"run.seed=5", "model.dtype=fp32", "passes.latency={ images = 2 }", "data.root=a/b c"};
  overrides.output = "elsewhere";
  overrides.limit = 7;
  const Config config = parse(kSmall, overrides);
  EXPECT_EQ(config.seed, 5);
  EXPECT_EQ(config.dtype, DTypeChoice::fp32);
  EXPECT_TRUE(config.latency.enabled);
  EXPECT_EQ(config.latency.images, 2);
  EXPECT_EQ(config.latency.repeats, 5);
  EXPECT_EQ(config.root, "a/b c");
  EXPECT_EQ(config.output, "elsewhere");
  EXPECT_EQ(config.limit, 7);
}

TEST(Config, WhatTimedRunsComputeIsLeanUnlessSaidOtherwiseAndIsPrinted) {
  EXPECT_EQ(parse(kSmall).latency.compute, model::Compute::lean);
  const Config upstream = parse(
      kSmall,
      {.assignments = {"passes.latency={ compute = \"upstream\" }"}, .output = {}, .limit = {}});
  EXPECT_EQ(upstream.latency.compute, model::Compute::upstream);
  EXPECT_EQ(compute_of(upstream), model::Compute::upstream);
  EXPECT_EQ(parse(print_config(upstream)).latency.compute, model::Compute::upstream);
  Config off = upstream;
  off.latency.enabled = false;  // nothing is timed, so nothing is done in vain
  EXPECT_EQ(compute_of(off), model::Compute::lean);
  const std::string message = message_of(
      kSmall,
      {.assignments = {"passes.latency={ compute = \"both\" }"}, .output = {}, .limit = {}});
  EXPECT_NE(message.find("use one of: lean, upstream"), std::string::npos) << message;
}

TEST(Config, CudaGraphsAreTakenWhereTheyCanBeAndArePrinted) {
  const auto with = [](std::string_view latency, std::string_view device) -> Overrides {
    return {.assignments = {fmt::format("passes.latency={}", latency),
                            fmt::format("model.device={}", device)},
            .output = {},
            .limit = {}};
  };
  EXPECT_FALSE(parse(kSmall, with("true", "cpu")).latency.cuda_graph);
  for (const char* device : {"auto", "cuda"}) {
    const Config config = parse(kSmall, with("{ cuda_graph = true }", device));
    EXPECT_TRUE(config.latency.cuda_graph);
    EXPECT_TRUE(parse(print_config(config)).latency.cuda_graph);
  }
  const std::string on_cpu = message_of(kSmall, with("{ cuda_graph = true }", "cpu"));
  EXPECT_NE(on_cpu.find("model.device is \"cpu\", which has no CUDA graphs"), std::string::npos)
      << on_cpu;
  const std::string upstream =
      message_of(kSmall, with("{ compute = \"upstream\", cuda_graph = true }", "cuda"));
  EXPECT_NE(upstream.find("times the reference, which uses no CUDA graphs"), std::string::npos)
      << upstream;
}

TEST(Config, AnAssignmentWithoutAKeyIsRefused) {
  for (const char* bad : {"", "=3", "run.=3", "run", ".x=1", "model.glamm.x=1"}) {
    EXPECT_NE(message_of(kSmall, {.assignments = {bad}, .output = {}, .limit = {}}), "") << bad;
  }
}

TEST(Config, ProtocolListsAreASweepAxis) {
  const Config config = parse(std::string(kSmall) +
                              "[[protocol]]\nprofile=\"upstream-compatible\"\nsimtext=[\"question\",\"expression\"]\n"
                              "[[protocol]]\nprofile=\"strict\"\n");
  ASSERT_EQ(config.protocols.size(), 3u);
  EXPECT_EQ(config.protocols[1].sim_text, protocol::SimText::expression);
  EXPECT_EQ(config.protocols[2].name, "strict");
}

TEST(Config, TheResolvedTextReadsBackToItself) {
  const std::string once = print_config(parse(kSmall));
  EXPECT_EQ(print_config(parse_config(once, "again", {})), once);
}

TEST(Config, OptionNamesThatWouldBlurAnIdAreRefused) {
  expect_message("[model]\nglamm=\"g\"\nclip=\"c\"\n[[sweep]]\nmethod=\"a\"\nvariant=\"x,y\"", "may not hold");
}

// What the fuzzer of this reader and its preparation found (tests/fuzz/toml_fuzz.cpp).

std::string repeated(std::string_view part, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

Overrides set(std::string assignment) {
  Overrides overrides;
  overrides.assignments.push_back(std::move(assignment));
  return overrides;
}

TEST(HostileConfig, DottedKeysCannotExhaustTheStack) {
  const std::string deep = "a" + repeated(".a", 100'000);
  expect_message(deep + " = 1", "more than 4096 dots");
  expect_message("[" + deep + "]", "more than 4096 dots");
  expect_message("a" + repeated(".a", 4000) + " = 1", "nested too deeply");
  expect_message("a = " + repeated("[", 100'000), "cannot read test.toml");
  EXPECT_NE(message_of(kSmall, set(deep + "=1")).find("not of the form"), std::string::npos);
  EXPECT_NE(message_of(kSmall, set("run.name={" + deep + "=1}")).find("more than 4096 dots"), std::string::npos);
}

TEST(HostileConfig, DotsInTextsAndCommentsDoNotCount) {
  const std::string dots = repeated(".", 5000);
  const std::string text = "[tables]\nbaseline='" + dots + "'  # " + dots + "\nreference=\"\"\"\\\"" + dots + "\n\"\"\"\"\n";
  EXPECT_EQ(parse(std::string(kSmall) + text).tables.reference, "\"" + dots + "\n\"");
  EXPECT_EQ(parse(std::string(kSmall) + text).tables.baseline, dots);
  expect_message(std::string(kSmall) + text + "x" + repeated(".x", 5000) + "=1", "more than 4096 dots");
}

TEST(HostileConfig, ATextLongerThanAnyConfigurationIsRefused) {
  expect_message(repeated("#", (16 << 20) + 1), "longer than 16777216 bytes");
}

TEST(HostileConfig, ListsCannotMultiplyBeyondMemory) {
  const std::string model = "[model]\nglamm=\"g\"\nclip=\"c\"\n";
  const std::string list = "[\"random\"" + repeated(",\"random\"", 999) + "]\n";
  expect_message(model + "[[sweep]]\nmethod=" + list + "a=" + list + "b=" + list,
                 "cannot evaluate 1000000 combinations of [[sweep]]");
  expect_message(std::string(kSmall) + "[[protocol]]\ntemplate=" + list + "answer=" + list,
                 "cannot evaluate 1000000 combinations of [[protocol]]");
  const std::string three_thousand = "[[sweep]]\nmethod=\"m\"\ntokens=[" + repeated("1,", 3000) + "]\n";
  expect_message(model + three_thousand + three_thousand, "cannot evaluate 6000 combinations of [[sweep]]");
  std::string options = "[[sweep]]\nmethod=\"m\"\n";
  for (int i = 0; i < 17; ++i) options += "o" + std::to_string(i) + "=1\n";
  expect_message(model + options, "it has 17 options");
  expect_message(model + "[[sweep]]\nmethod=\"" + repeated("m", 129) + "\"\n", "longer than 128 bytes");
  expect_message(model + "[[sweep]]\nmethod=\"m\"\no=\"" + repeated("m", 129) + "\"\n", "longer than 128 bytes");
}

TEST(HostileConfig, AnAssignmentIsUtf8AndHasNoEmptyKeys) {
  EXPECT_NE(message_of(kSmall, set("run.output=r\x8b\x91")).find("not UTF-8"), std::string::npos);
  EXPECT_NE(message_of(kSmall, set("run..output=a")).find("not of the form"), std::string::npos);
}

TEST(HostileConfig, LettersOutsideOfAsciiWantQuotes) {
  for (const char* text : {"x = caf\xc3\xa9", "x = 2'\xce\xbf'", "\xc3\xa9 = 1", "[\xdf\xa4]", "x = 1 \xc2\xa0",
                           "x = \"\\\xc3\xa9\""}) {
    expect_message(text, "cannot read test.toml at line 1");
  }
  expect_message("x = \"\xff\"", "not UTF-8");
  expect_message("x = \"\\u007E\"", "write ~");
  const Config config = parse("\xef\xbb\xbf" + std::string(kSmall) +
                                  "# caf\xc3\xa9\n[tables]\nreference = \"\"\"~/\\\n  \xc3\xa9~c3~7e\"\"\"\n",
                              set("run.output=~/caf\xc3\xa9"));
  EXPECT_EQ(config.tables.reference, "~/\xc3\xa9~c3~7e");
  EXPECT_EQ(config.output, "~/caf\xc3\xa9");
  EXPECT_EQ(parse(print_config(config)).tables.reference, config.tables.reference);
}

TEST(HostileConfig, TextsWithQuotesAndLineBreaksReadBackFromThePrintedForm) {
  for (const char* text : {"a\nb", "\nfirst", "a'''\nb'''", "it's\n\"\"\"", "\"", "'", "\\", "\t", "\x01\x7f", "",
                           "\r\n", "\xc3\xa9\n", "\xe2\x80\xa8"}) {
    const Config config = parse(kSmall, set(std::string("run.output=") + text));
    EXPECT_EQ(config.output, text);
    EXPECT_EQ(parse(print_config(config)).output, text);
  }
}

}  // namespace
}  // namespace litebench::config
