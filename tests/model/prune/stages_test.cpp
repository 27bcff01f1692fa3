// Budgets of methods that cut inside the decoder. Expected counts are the tables of pruners.md §3.
#include <cmath>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "model/prune/registry.hpp"
#include "model/prune/stages.hpp"
#include "tests/model/prune/refusal.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;

std::variant<Schedule, Infeasible> planned(const std::string& variant, std::int64_t layers = 32) {
  model::Geometry geometry;
  geometry.llama.layers = layers;
  return builtin_registry().make(unit::parse_variant(variant))->schedule(geometry);
}

Indices entering(const std::string& variant, std::int64_t layers = 32) {
  const auto plan = planned(variant, layers);
  const auto* schedule = std::get_if<Schedule>(&plan);
  return schedule == nullptr ? Indices{} : schedule->entering;
}

TEST(StageLayers, AreThePublishedOnesFromThirtyTwoLayersOn) {
  const Indices published = {2, 8, 16};
  EXPECT_EQ(stage_layers(published, 32), published);
  EXPECT_EQ(stage_layers(published, 40), published);
}

TEST(StageLayers, ScaleWithTheDepthAndStayApart) {
  EXPECT_EQ(stage_layers(Indices{2, 8, 16}, 8), (Indices{1, 2, 4}));
  EXPECT_EQ(stage_layers(Indices{8, 16, 24}, 8), (Indices{2, 4, 6}));
  EXPECT_EQ(stage_layers(Indices{2}, 3), (Indices{1}));
  EXPECT_EQ(stage_layers(Indices{16}, 3), (Indices{2}));
  EXPECT_EQ(stage_layers(Indices{31}, 3), (Indices{2}));
  EXPECT_EQ(stage_layers(Indices{2, 8, 16}, 3), (Indices{0, 1, 2}));
  EXPECT_EQ(stage_layers(Indices{2}, 1), (Indices{0}));
}

TEST(Budgets, FastVsMeansOverLayersAreThoseOfTheTable) {
  struct Row {
    std::int64_t tokens;
    double kept[3];  // for K = 1, 2, 3; below 1: impossible
  };
  const Row table[] = {{288, {278.7, 268.8, 258.2}}, {192, {179.6, 166.4, 152.3}},
                       {144, {130.1, 115.2, 99.3}},  {128, {113.5, 98.1, 81.7}},
                       {96, {80.5, 64.0, 46.3}},     {64, {47.5, 29.9, 11.0}},
                       {58, {41.3, 23.5, 4.4}},      {32, {14.5, 0, 0}}};
  for (const Row& row : table) {
    for (std::int64_t k = 1; k <= 3; ++k) {
      const std::string id = fmt::format("fastv@{}[mode=layermean,k={}]", row.tokens, k);
      const Indices counts = entering(id);
      if (row.kept[k - 1] == 0) {
        EXPECT_TRUE(counts.empty()) << id;
        continue;
      }
      ASSERT_EQ(counts.size(), 32U) << id;
      EXPECT_EQ(counts[static_cast<std::size_t>(k) - 1], 576) << id;
      EXPECT_LE(
          std::abs(static_cast<double>(counts[static_cast<std::size_t>(k)]) - row.kept[k - 1]),
          0.551)  // the table's digit and the rounding to a whole token
          << id;
      EXPECT_NEAR(std::get<Schedule>(planned(id)).mean(), static_cast<double>(row.tokens), 0.5);
    }
  }
}

TEST(Budgets, FastVKeepsItsTokensAfterTheCutByDefault) {
  for (const char* id : {"fastv@192", "fastv@192[mode=afterprune]"}) {
    const Indices counts = entering(id);
    EXPECT_EQ(counts[1], 576) << id;
    EXPECT_EQ(counts[2], 192) << id;
    EXPECT_EQ(std::get<Schedule>(planned(id)).mean(), 216) << id;
  }
  EXPECT_EQ(entering("fastv@32").back(), 32);
}

TEST(Budgets, VtwsMeansAreThoseOfTheTable) {
  const std::pair<std::int64_t, double> table[] = {{288, 288}, {192, 198}, {144, 144},
                                                   {128, 126}, {64, 72},   {32, 36}};
  for (const auto& [tokens, mean] : table) {
    EXPECT_EQ(std::get<Schedule>(planned(fmt::format("vtw@{}", tokens))).mean(), mean);
  }
  EXPECT_EQ(entering("vtw")[14], 576);
  EXPECT_EQ(entering("vtw")[15], 0);
}

/// Counts behind the cuts before `layers`.
Indices behind(const std::string& variant, const Indices& layers) {
  const Indices counts = entering(variant);
  Indices found;
  for (const std::int64_t layer : layers) {
    if (!counts.empty()) found.push_back(counts[static_cast<std::size_t>(layer)]);
  }
  return found;
}

TEST(Budgets, PyramidDropsRatiosAreThoseOfTheTable) {
  struct Row {
    std::int64_t tokens;
    const char* layers;
    Indices cuts, kept;  // none: infeasible
  };
  const Row table[] = {{288, "8-16-24", {8, 16, 24}, {313, 170, 92}},
                       {192, "8-16-24", {8, 16, 24}, {146, 37, 9}},
                       {144, "8-16-24", {8, 16, 24}, {}},
                       {128, "8-16-24", {8, 16, 24}, {}},
                       {288, "4-12-20", {4, 12, 20}, {376, 246, 161}},
                       {192, "4-12-20", {4, 12, 20}, {268, 125, 58}},
                       {144, "4-12-20", {4, 12, 20}, {192, 64, 21}},
                       {128, "4-12-20", {4, 12, 20}, {161, 45, 12}},
                       {64, "4-12-20", {4, 12, 20}, {}},
                       {288, "native", {2, 8, 16}, {408, 290, 206}},
                       {192, "native", {2, 8, 16}, {322, 180, 101}},
                       {144, "native", {2, 8, 16}, {265, 122, 56}},
                       {128, "native", {2, 8, 16}, {242, 102, 42}},
                       {64, "native", {2, 8, 16}, {111, 21, 4}}};
  for (const Row& row : table) {
    const std::string id = fmt::format("pyramiddrop@{}[layers={}]", row.tokens, row.layers);
    EXPECT_EQ(behind(id, row.cuts), row.kept) << id;
  }
  EXPECT_EQ(entering("pyramiddrop@128"), entering("pyramiddrop@128[layers=2-8-16]"));
}

TEST(Budgets, PyramidDropWithoutABudgetIsTheReleasedOne) {
  EXPECT_EQ(behind("pyramiddrop", {7, 8, 16, 24}), (Indices{576, 288, 144, 72}));
  EXPECT_EQ(std::get<Schedule>(planned("pyramiddrop")).mean(), 270);
  EXPECT_EQ(behind("pyramiddrop[layers=4-12-20]", {4, 12, 20}), (Indices{288, 144, 72}));
}

TEST(Budgets, ProgressiveMethodsEndAtTheirTokensAfterPruning) {
  for (const char* id : {"pyramiddrop@32[mode=afterprune]", "sparsevlm@32[mode=afterprune]",
                         "sparsevlm+@32[mode=afterprune]", "pyramiddrop@100[mode=afterprune]"}) {
    const Indices counts = entering(id);
    ASSERT_EQ(counts.size(), 32U) << id;
    EXPECT_EQ(counts.back(), unit::parse_variant(id).tokens) << id;
    EXPECT_LT(counts[7], 576) << id;
    EXPECT_GT(counts[8], counts[31]) << id;
  }
}

TEST(Budgets, SparseVlmsPresetsAreThoseOfTheTable) {
  struct Row {
    const char* id;
    Indices kept;
    double mean;
  };
  const Row table[] = {
      {"sparsevlm@192", {309, 204, 113}, 206.5},  {"sparsevlm@128", {312, 117, 39}, 145.4},
      {"sparsevlm@96", {249, 55, 27}, 114.1},     {"sparsevlm@64", {82, 32, 18}, 82.3},
      {"sparsevlm+@192", {300, 200, 118}, 206.8}, {"sparsevlm+@128", {238, 108, 60}, 144.1},
      {"sparsevlm+@96", {246, 54, 28}, 113.9},    {"sparsevlm+@64", {66, 34, 20}, 81.8}};
  for (const Row& row : table) {
    EXPECT_EQ(behind(row.id, {3, 7, 16}), row.kept) << row.id;
    EXPECT_EQ(behind(row.id, {2}), (Indices{576})) << row.id;
    EXPECT_NEAR(std::get<Schedule>(planned(row.id)).mean(), row.mean, 0.051) << row.id;
  }
}

TEST(Budgets, SparseVlmsOtherBudgetsAreMeansOverLayers) {
  for (const char* id : {"sparsevlm@144", "sparsevlm+@144", "sparsevlm@192[mode=layermean]",
                         "sparsevlm+@288", "sparsevlm@100", "sparsevlm+@128[mode=layermean]"}) {
    const auto plan = planned(id);
    ASSERT_TRUE(std::holds_alternative<Schedule>(plan)) << id;
    EXPECT_NEAR(std::get<Schedule>(plan).mean(),
                static_cast<double>(unit::parse_variant(id).tokens), 1)
        << id;
  }
}

TEST(Budgets, WhatCannotBeMetIsInfeasibleAndSaysWhy) {
  for (const char* id :
       {"fastv@32[mode=layermean]", "fastv@577", "vtw@577", "vtw@8", "vtw@64[mode=afterprune]",
        "pyramiddrop@32", "sparsevlm@32", "sparsevlm+@32[mode=layermean]"}) {
    const auto plan = planned(id);
    ASSERT_TRUE(std::holds_alternative<Infeasible>(plan)) << id;
    EXPECT_FALSE(std::get<Infeasible>(plan).reason.empty()) << id;
  }
  EXPECT_TRUE(std::holds_alternative<Infeasible>(planned("fastv@64", 1)));
}

TEST(Options, NumbersAreReadWithinTheirBounds) {
  EXPECT_EQ(refusal("fastv@64[k=5]"), "");
  EXPECT_EQ(refusal("vispruner@64[r=0.3]"), "");
  EXPECT_NE(refusal("fastv@64[k=0]").find("from 1 to 31"), std::string::npos);
  EXPECT_NE(refusal("fastv@64[k=32]").find("out of bounds"), std::string::npos);
  EXPECT_NE(refusal("fastv@64[k=two]").find("not an integer"), std::string::npos);
  EXPECT_NE(refusal("fastv@64[k=2.5]").find("not an integer"), std::string::npos);
  EXPECT_NE(refusal("vispruner@64[r=nan]").find("out of bounds"), std::string::npos);
}

TEST(Options, LayersAscendWithinTheirBounds) {
  EXPECT_EQ(refusal("pyramiddrop@128[layers=3-9]"), "");
  EXPECT_EQ(refusal("pyramiddrop@128[layers=native]"), "");
  for (const char* wrong :
       {"8-2", "2-2", "0-8", "8-32", "2--8", "-2", "two", "2-8-", "1-2-3-4-5-6"}) {
    EXPECT_NE(refusal(fmt::format("pyramiddrop@128[layers={}]", wrong)).find("ascending layers"),
              std::string::npos)
        << wrong;
  }
}

TEST(Options, AValueHasOneSpellingBecauseItIsPartOfTheId) {
  EXPECT_NE(refusal("fastv@64[k=02]").find("write 2"), std::string::npos);
  EXPECT_NE(refusal("pyramiddrop@128[layers=2-08]").find("write 2-8"), std::string::npos);
  EXPECT_NE(refusal("vispruner@64[r=0.50]").find("write 0.5"), std::string::npos);
}

}  // namespace
}  // namespace litebench::prune
