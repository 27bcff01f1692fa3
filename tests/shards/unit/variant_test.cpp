#include "shards/unit/variant.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::unit {
namespace {

std::string refusal(std::string_view id) {
  try {
    parse_variant(id);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  ADD_FAILURE() << id << " was accepted";
  return {};
}

TEST(Variant, SpellsOnlyWhatDiffersFromTheDefaults) {
  EXPECT_EQ(id_of({}), "none");
  EXPECT_EQ(id_of({.method = "litelvlm", .tokens = 192}), "litelvlm@192");
  EXPECT_EQ(id_of({.method = "fastv",
                   .tokens = 128,
                   .mode = BudgetMode::layer_mean,
                   .position = PositionPolicy::compact}),
            "fastv@128[mode=layermean,pos=compact]");
}

TEST(Variant, EveryIdReadsBackAsTheSameVariant) {
  const std::map<std::string, std::string> none, some = {{"layer", "2"}, {"variant", "paper"}};
  int count = 0;
  for (const std::int64_t tokens : {0, 1, 576}) {
    for (const auto mode : {BudgetMode::exact, BudgetMode::after_prune, BudgetMode::layer_mean}) {
      for (const auto position : {PositionPolicy::native, PositionPolicy::compact,
                                  PositionPolicy::original, PositionPolicy::stretch}) {
        for (const auto order : {OrderPolicy::native, OrderPolicy::raster}) {
          for (const auto& options : {none, some}) {
            const Variant variant{"litelvlm", tokens, mode, position, order, options};
            EXPECT_EQ(parse_variant(id_of(variant)), variant) << id_of(variant);
            ++count;
          }
        }
      }
    }
  }
  EXPECT_EQ(count, 144);
}

TEST(Variant, ReadsBracketItemsInAnyOrderAndSpellsThemInOne) {
  EXPECT_EQ(id_of(parse_variant("fastv@8[z=1,order=raster,a=2,mode=afterprune]")),
            "fastv@8[mode=afterprune,order=raster,a=2,z=1]");
}

TEST(Variant, SaysWhatIsWrongWithAnId) {
  EXPECT_NE(refusal("").find("it names no method"), std::string::npos);
  EXPECT_NE(refusal("@64").find("it names no method"), std::string::npos);
  EXPECT_NE(refusal("litelvlm@").find("not a positive integer"), std::string::npos);
  EXPECT_NE(refusal("litelvlm@-3").find("not a positive integer"), std::string::npos);
  EXPECT_NE(refusal("litelvlm@64x").find("not a positive integer"), std::string::npos);
  EXPECT_NE(refusal("litelvlm@64[pos=original").find("bracket is not closed"), std::string::npos);
  EXPECT_NE(refusal("litelvlm@64[pos]").find("an option has no value"), std::string::npos);
  EXPECT_NE(
      refusal("litelvlm@64[pos=packed]").find("use one of: native, compact, original, stretch"),
      std::string::npos);
}

}  // namespace
}  // namespace litebench::unit
