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
            const Variant variant{"litelvlm", "", "", tokens, mode, position, order, options};
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

TEST(Variant, AMethodFromOutsideIsSpelledByItsFilesNameAndContent) {
  Variant variant = parse_variant("plan:a folder/n@me=[1].v2.h5@64");
  EXPECT_EQ(variant.method, "plan");
  EXPECT_EQ(variant.file, "a folder/n@me=[1].v2.h5");
  EXPECT_EQ(variant.tokens, 64);
  EXPECT_EQ(method_spelling(variant), "plan:a folder/n@me=[1].v2.h5");
  variant.content = "0123456789abcdef";
  EXPECT_EQ(id_of(variant), "plan:n_me__1_.v2-01234567@64");
  EXPECT_EQ(id_of(parse_variant(id_of(variant))), id_of(variant));
  EXPECT_EQ(parse_variant("planner@64").file, "");
}

TEST(Variant, FilesOfTheSameNameAreToldApart) {
  Variant a = parse_variant("torchscript:a/m.pt@64"), b = parse_variant("torchscript:b/m.pt@64");
  EXPECT_NE(id_of(a), id_of(b));
  a.content = "0123456789abcdef";
  b.content = "fedcba9876543210";
  EXPECT_EQ(id_of(a), "torchscript:m-01234567@64");
  EXPECT_EQ(id_of(b), "torchscript:m-fedcba98@64");
}

TEST(Variant, SaysWhatIsWrongWithAnId) {
  EXPECT_NE(refusal("").find("it names no method"), std::string::npos);
  EXPECT_NE(refusal("@64").find("it names no method"), std::string::npos);
  EXPECT_NE(refusal("plan:@64").find("it names no file"), std::string::npos);
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
