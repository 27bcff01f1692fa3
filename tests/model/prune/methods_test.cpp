#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/maximum.h>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/litelvlm_selection.hpp"
#include "model/prune/policies.hpp"
#include "model/prune/registry.hpp"
#include "model/prune/scores.hpp"
#include "tests/model/prune/refusal.hpp"
#include "tests/model/prune/toy.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;
using unit::OrderPolicy;

TokenPlan planned(const Scene& scene, const std::string& variant, ScoreOptions scores = {},
                  OrderPolicy order = OrderPolicy::native) {
  const auto pruner = builtin_registry().make(unit::parse_variant(variant));
  return select(*pruner, order, scene.view(scores), scene.queries, nullptr);
}

Indices chosen(const Scene& scene, const std::string& variant, ScoreOptions scores = {},
               OrderPolicy order = OrderPolicy::native) {
  return patches_of(planned(scene, variant, scores, order));
}

Indices counted(std::int64_t n) {
  Indices all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

// --- the toy oracle ---

class Toy : public ::testing::Test {
 protected:
  // Twelve patches are no square grid, so the toy goes through the parts that methods are made of.
  at::Tensor x_ = filled(12, 4, [](auto i, auto j) { return (7 * i + 3 * j + i * j) % 11 - 5; });
  at::Tensor texts_ = filled(2, 4, [](auto m, auto j) {
    const int t[2][4] = {{1, 0, -1, 2}, {0, 2, 1, -1}};
    return t[m][j];
  });
  model::ClipLayerTap tap() const {
    model::ClipLayerTap tap;
    const int q[4] = {1, -1, 2, 0};
    tap.q = filled(13, 4, [&](auto i, auto j) { return i == 0 ? q[j] : 9; });
    tap.k = filled(13, 4,
                   [](auto i, auto j) { return i == 0 ? 9 : (5 * (i - 1) + 2 * j + 3) % 7 - 3; });
    tap.v = filled(13, 4,
                   [](auto i, auto j) { return i == 0 ? 9 : (3 * (i - 1) + 5 * j + 1) % 9 - 4; });
    tap.cls_attention = filled(1, 12, [](auto, auto i) { return ((5 * i) % 12 + 1) / 78.0; });
    return tap;
  }
  Indices best(const at::Tensor& scores, std::int64_t k, kernels::Best end) const {
    const at::Tensor parts[] = {scores};
    return kernels::stable_topk(HostScores(parts).row(0), k, end);
  }
  Indices litelvlm(std::int64_t texts, bool paper) const {
    const at::Tensor parts[] = {
        similarity(x_, texts_.narrow(0, 0, texts), {}),
        context_score(tap(), paper ? ContextLogits::dot : ContextLogits::cosine, {})};
    const HostScores host(parts);
    LiteLvlmScores scores;
    for (std::int64_t q = 0; q < texts; ++q) scores.sim.push_back(host.row(q));
    scores.context_order = kernels::stable_argsort(host.row(texts), kernels::Best::largest);
    return paper ? select_intersection(scores, 6) : select_union(scores, 6);
  }
};

TEST_F(Toy, ClsAttentionRanksAsComputedByHand) {
  EXPECT_EQ(best(cls_attention(tap(), {}), 4, kernels::Best::largest), (Indices{7, 2, 9, 4}));
}

TEST_F(Toy, SimilaritiesAndTheirEndsAreAsComputedByHand) {
  const at::Tensor sim = similarity(x_, texts_, {});
  const std::vector<float> first(sim.const_data_ptr<float>(), sim.const_data_ptr<float>() + 12);
  EXPECT_EQ(first, (std::vector<float>{2, 9, 5, 12, -3, -7, 0, -4, -8, -12, 6, 2}));
  EXPECT_EQ(best(sim[0], 4, kernels::Best::largest), (Indices{3, 1, 10, 2}));
  EXPECT_EQ(best(sim[0], 4, kernels::Best::smallest), (Indices{9, 8, 5, 7}));
  EXPECT_EQ(best(sim[1], 4, kernels::Best::smallest), (Indices{1, 8, 0, 11}));
}

TEST_F(Toy, ContextOrderIsAsComputedByHand) {
  const Indices expected = {2, 9, 4, 11, 6, 1, 8, 5, 3, 10, 0, 7};
  EXPECT_EQ(best(context_score(tap(), ContextLogits::cosine, {}), 12, kernels::Best::largest),
            expected);
}

TEST_F(Toy, LiteLvlmSelectsAsComputedByHand) {
  EXPECT_EQ(litelvlm(2, false), (Indices{2, 0, 1, 5, 8, 9}));
  EXPECT_EQ(litelvlm(2, true), (Indices{2, 9, 11, 6, 4, 8}));
  EXPECT_EQ(litelvlm(1, true), (Indices{2, 4, 11, 5, 8, 9}));
}

TEST_F(Toy, CosineDividesByBothLengths) {
  ScoreOptions options;
  options.sim = protocol::Similarity::cosine;
  const at::Tensor cosine = similarity(x_, texts_, options), dot = similarity(x_, texts_, {});
  const auto length = [](const at::Tensor& row) {
    return std::sqrt((row * row).sum().item<double>());
  };
  for (std::int64_t i = 0; i < 12; ++i) {
    const double expected = dot[1][i].item<double>() / (length(x_[i]) * length(texts_[1]));
    EXPECT_NEAR(cosine[1][i].item<double>(), expected, 1e-6);
  }
}

// --- laws ---

/// Takes a number of tokens and makes exactly as many before the language model. Those that cut
/// inside it have laws of their own (stages_test.cpp, tests/model/llama/decoder_methods_test.cpp).
bool chooses_before_llm(const Method& method) {
  if (!method.budgeted) return false;
  const auto pruner = builtin_registry().make({.method = method.info.id, .tokens = 64});
  return pruner->cut_layers(geometry_of(24, 16)).empty();
}

std::vector<std::string> budgeted_methods() {
  std::vector<std::string> ids;
  const Registry registry = builtin_registry();
  for (const Method& method : registry.methods()) {
    if (!chooses_before_llm(method)) continue;
    ids.push_back(method.info.id + "@{}");
    for (const MethodOption& option : method.options) {
      for (const std::string& value : option.values) {
        ids.push_back(method.info.id + "@{}[" + option.name + "=" + value + "]");
      }
    }
  }
  return ids;
}

TEST(MethodLaws, EveryMethodMakesExactlyItsBudgetAndSelectsNothingTwice) {
  for (const std::int64_t texts : {1, 3}) {
    const Scene scene = random_scene(24, texts, 11);
    for (const std::string& id : budgeted_methods()) {
      for (const std::int64_t tokens : {1, 2, 29, 64, 127, 192, 575}) {
        const TokenPlan plan = planned(scene, fmt::format(fmt::runtime(id), tokens));
        ASSERT_EQ(plan.size(), tokens) << id;
        EXPECT_EQ(plan.sources(), 577) << id;
        std::set<std::int64_t> selected;
        for (const std::int64_t origin : plan.origins()) {
          if (origin >= 0) {
            EXPECT_TRUE(selected.insert(origin).second) << id << " at " << tokens;
          }
          EXPECT_LT(origin, 577) << id;
        }
      }
    }
  }
}

TEST(MethodLaws, OnlyMergingMethodsMakeOtherRowsThanPatches) {
  const Scene scene = random_scene(24, 2, 10);
  const Registry registry = builtin_registry();
  for (const Method& method : registry.methods()) {
    if (!chooses_before_llm(method)) continue;
    const Indices patches = chosen(scene, method.info.id + "@64");
    const bool all = std::all_of(patches.begin(), patches.end(), [](auto p) { return p >= 0; });
    EXPECT_NE(all, method.info.merges) << method.info.id;
  }
}

TEST(MethodLaws, AtAllPatchesRasterOrderIsTheUnprunedModel) {
  for (const std::int64_t texts : {1, 2, 3}) {
    const Scene scene = random_scene(24, texts, 12);
    for (const std::string& id : budgeted_methods()) {
      EXPECT_EQ(chosen(scene, fmt::format(fmt::runtime(id), 576), {}, OrderPolicy::raster),
                counted(576))
          << id;
    }
  }
  EXPECT_EQ(chosen(random_scene(24, 1, 12), "none"), counted(576));
}

TEST(MethodLaws, MethodsWithoutAnOrderOfTheirOwnEmitRasterOrder) {
  const Scene scene = random_scene(24, 2, 13);
  const Registry registry = builtin_registry();
  for (const Method& method : registry.methods()) {
    if (!chooses_before_llm(method) || method.info.native_order == OrderPolicy::native) continue;
    const TokenPlan plan = planned(scene, method.info.id + "@64");
    EXPECT_TRUE(std::is_sorted(plan.anchors().begin(), plan.anchors().end())) << method.info.id;
  }
}

TEST(MethodLaws, SchedulesPlanTheBudgetInEveryLayerAndRefuseMoreThanThereIs) {
  const model::Geometry geometry = geometry_of(24, 16);
  const Registry registry = builtin_registry();
  for (const std::string& id : budgeted_methods()) {
    const auto plan =
        registry.make(unit::parse_variant(fmt::format(fmt::runtime(id), 128)))->schedule(geometry);
    ASSERT_TRUE(std::holds_alternative<Schedule>(plan)) << id;
    EXPECT_EQ(std::get<Schedule>(plan).entering, std::vector<std::int64_t>(32, 128)) << id;
    EXPECT_EQ(std::get<Schedule>(plan).mean(), 128) << id;
    const auto many =
        registry.make(unit::parse_variant(fmt::format(fmt::runtime(id), 577)))->schedule(geometry);
    EXPECT_TRUE(std::holds_alternative<Infeasible>(many)) << id;
  }
}

/// Patch i of the result is patch 575 − i of `scene`.
Scene turned_over(const Scene& scene) {
  Scene turned = scene;
  const auto flip = [](const at::Tensor& x, std::int64_t dim) { return x.flip({dim}); };
  const auto flip_patches = [&](const at::Tensor& x) {
    return at::cat({x.narrow(0, 0, 1), flip(x.narrow(0, 1, 576), 0)}, 0);
  };
  turned.features.joint = flip(scene.features.joint, 0);
  turned.features.layers[22].cls_attention = flip(scene.features.layers.at(22).cls_attention, 1);
  for (at::Tensor model::ClipLayerTap::*part : {&model::ClipLayerTap::k, &model::ClipLayerTap::v}) {
    turned.features.layers[23].*part = flip_patches(scene.features.layers.at(23).*part);
  }
  return turned;
}

constexpr const char* kRankings[] = {"litelvlm@100",   "litelvlm@100[variant=paper]",
                                     "cls_topk@100",   "cls_bottomk@100",
                                     "fastervlm@100",  "sim_low@100",
                                     "sim_high@100",   "sim_low@100[aggregate=union]",
                                     "value_norm@100", "context_only@100"};

Indices turned_back(Indices patches) {
  for (std::int64_t& patch : patches) patch = 575 - patch;
  return raster(std::move(patches));
}

TEST(MethodLaws, PermutingThePatchesPermutesTheSelection) {
  const Scene scene = random_scene(24, 2, 14), turned = turned_over(scene);
  for (const char* id : kRankings) {
    EXPECT_EQ(raster(chosen(scene, id)), turned_back(chosen(turned, id))) << id;
  }
}

TEST(MethodLaws, TheRuleOfTiesDecidesAmongEqualScoresAndOnlyThere) {
  const ScoreOptions upper{.ties = kernels::Ties::upper};
  const Scene fine = random_scene(24, 2, 15);
  Scene coarse = fine;  // so coarse that many patches have equal scores
  coarse.features.joint = coarse.features.joint.sign();
  coarse.queries.embeds = coarse.queries.embeds.sign();
  at::Tensor& attention = coarse.features.layers[22].cls_attention;
  attention = attention.ceil();
  model::ClipLayerTap& last = coarse.features.layers[23];
  for (at::Tensor* part : {&last.q, &last.k, &last.v}) *part = part->sign();
  last.k.narrow(0, 1, 576).fill_(1);  // attention is flat: exact ties whatever exp() rounds to
  last.v.narrow(1, 4, 12).fill_(0);
  last.v.narrow(0, 1, 288).narrow(1, 0, 2).fill_(0);  // two lengths of values
  const Scene turned = turned_over(coarse);
  for (const char* id : kRankings) {
    EXPECT_EQ(chosen(fine, id, upper), chosen(fine, id)) << id;
    EXPECT_NE(raster(chosen(coarse, id, upper)), raster(chosen(coarse, id))) << id;
    EXPECT_EQ(raster(chosen(coarse, id, upper)), turned_back(chosen(turned, id))) << id;
  }
}

TEST(LiteLvlm, EqualsTheLowestSimilaritiesForOneText) {
  const Scene scene = random_scene(24, 1, 15);
  for (const char* tokens : {"32", "64", "128", "192"}) {
    EXPECT_EQ(chosen(scene, fmt::format("litelvlm@{}", tokens)),
              chosen(scene, fmt::format("sim_low@{}", tokens)));
  }
}

TEST(LiteLvlm, EmitsContextByScoreThenSimilarityInRasterOrder) {
  const Scene scene = random_scene(24, 3, 16);
  const at::Tensor parts[] = {
      context_score(scene.features.layers.at(23), ContextLogits::cosine, {})};
  const HostScores host(parts);
  const std::span<const float> context = host.row(0);
  const Indices kept = chosen(scene, "litelvlm@192");
  std::size_t split = kept.size();  // the similarity part is the longest ascending tail
  while (split > 1 && kept[split - 2] < kept[split - 1]) --split;
  std::size_t boundary = split - 1;
  for (std::size_t i = 1; i < boundary; ++i) EXPECT_GE(context[kept[i - 1]], context[kept[i]]);
  EXPECT_LE(std::ssize(kept) - static_cast<std::int64_t>(boundary), 193);
  EXPECT_GE(std::ssize(kept) - static_cast<std::int64_t>(boundary), 64);
}

// The table of upstream.md §4.5: tokens per text, and how many places the union leaves to context
// at best and at worst.
TEST(LiteLvlm, LeavesAsManyContextPlacesAsTheTableOfCountsSays) {
  struct Row {
    std::int64_t tokens, texts, least, most;
  };
  const Row table[] = {{576, 1, 0, 0},  {576, 2, 0, 288}, {576, 3, 0, 384}, {192, 1, 0, 0},
                       {192, 2, 0, 96}, {192, 3, 0, 128}, {128, 1, 0, 0},   {128, 2, 0, 64},
                       {128, 3, 2, 86}, {64, 1, 0, 0},    {64, 2, 0, 32},   {64, 3, 1, 43},
                       {32, 1, 0, 0},   {32, 2, 0, 16},   {32, 3, 2, 22}};
  std::vector<float> rising(576);
  std::iota(rising.begin(), rising.end(), 0.0F);
  for (const Row& row : table) {
    const std::int64_t k = row.tokens / row.texts;
    for (const bool overlap : {true, false}) {
      std::vector<std::vector<float>> sim;
      for (std::int64_t q = 0; q < row.texts; ++q) {
        sim.push_back(rising);
        std::rotate(sim.back().rbegin(), sim.back().rbegin() + (overlap ? 0 : q * k),
                    sim.back().rend());
      }
      LiteLvlmScores scores{{sim.begin(), sim.end()}, counted(576)};
      std::reverse(scores.context_order.begin(), scores.context_order.end());
      const Indices kept = select_union(scores, row.tokens);
      const std::int64_t distinct = overlap ? k : k * row.texts;
      // Context places come first and run down from 575; a similarity-only selection rises from its
      // first element.
      const Indices expected_tail = counted(distinct);
      EXPECT_TRUE(std::equal(expected_tail.begin(), expected_tail.end(), kept.end() - distinct));
      EXPECT_EQ(row.tokens - distinct, overlap ? row.most : row.least)
          << row.tokens << " " << row.texts;
    }
  }
}

TEST(LiteLvlm, WithFewerTokensThanTextsIsAllContext) {
  const Scene scene = random_scene(24, 3, 17);
  const at::Tensor parts[] = {
      context_score(scene.features.layers.at(23), ContextLogits::cosine, {})};
  EXPECT_EQ(chosen(scene, "litelvlm@2"),
            kernels::stable_topk(HostScores(parts).row(0), 2, kernels::Best::largest));
}

TEST(LiteLvlm, AsksForTheTextOfItsVariant) {
  const Registry registry = builtin_registry();
  const model::Geometry geometry = geometry_of(24, 16);
  const auto text = [&](const char* id) {
    return registry.make(unit::parse_variant(id))->taps(geometry).text;
  };
  EXPECT_EQ(text("litelvlm@64"), TextTap::protocol);
  EXPECT_EQ(text("litelvlm@64[variant=paper]"), TextTap::protocol);
  EXPECT_EQ(text("litelvlm@64[variant=expression]"), TextTap::expression);
  EXPECT_EQ(text("litelvlm@64[variant=code-v0]"), TextTap::expression);
  EXPECT_EQ(text("cls_topk@64"), TextTap::none);
}

TEST(LiteLvlm, ScoresInFp32OnRequestWhenTheModelRunsInBf16) {
  Scene scene = random_scene(24, 2, 18);
  scene.features.joint = scene.features.joint.to(at::kBFloat16);
  scene.queries.embeds = scene.queries.embeds.to(at::kBFloat16);
  ScoreOptions fp32;
  fp32.score_dtype = protocol::ScoreDType::fp32;
  EXPECT_EQ(similarity(scene.features.joint, scene.queries.embeds, {}).scalar_type(),
            at::kBFloat16);
  EXPECT_EQ(similarity(scene.features.joint, scene.queries.embeds, fp32).scalar_type(), at::kFloat);
  EXPECT_EQ(chosen(scene, "sim_low@64", fp32).size(), 64U);
}

TEST(Similarity, AggregatesSeveralTextsAsAsked) {
  Scene scene = random_scene(24, 2, 19);
  const at::Tensor sim = similarity(scene.features.joint, scene.queries.embeds, {});
  const at::Tensor parts[] = {sim, sim.mean(0), at::maximum(sim[0], sim[1])};
  const HostScores host(parts);
  using kernels::Best;
  EXPECT_EQ(chosen(scene, "sim_high@50"),
            raster(kernels::stable_topk(host.row(2), 50, Best::largest)));
  EXPECT_EQ(chosen(scene, "sim_low@50[aggregate=max]"),
            raster(kernels::stable_topk(host.row(3), 50, Best::smallest)));
  const Indices joined = chosen(scene, "sim_low@50[aggregate=union]");
  for (std::int64_t text = 0; text < 2; ++text) {
    for (const std::int64_t patch : kernels::stable_topk(host.row(text), 25, Best::smallest)) {
      EXPECT_TRUE(std::binary_search(joined.begin(), joined.end(), patch));
    }
  }
}

TEST(Uniform, MakesTheMostSquareGridOfCellCentres) {
  const Scene scene = random_scene(24, 1, 20);
  const auto shape = [&](std::int64_t tokens) {
    std::set<std::int64_t> rows, cols;
    for (const std::int64_t patch : chosen(scene, fmt::format("uniform@{}", tokens))) {
      rows.insert(patch / 24);
      cols.insert(patch % 24);
    }
    return std::pair(rows.size(), cols.size());
  };
  EXPECT_EQ(shape(192), std::pair(std::size_t{12}, std::size_t{16}));
  EXPECT_EQ(shape(144), std::pair(std::size_t{12}, std::size_t{12}));
  EXPECT_EQ(shape(128), std::pair(std::size_t{8}, std::size_t{16}));
  EXPECT_EQ(shape(64), std::pair(std::size_t{8}, std::size_t{8}));
  EXPECT_EQ(chosen(scene, "uniform@4"),
            (Indices{6 * 24 + 6, 6 * 24 + 18, 18 * 24 + 6, 18 * 24 + 18}));
  EXPECT_EQ(chosen(scene, "uniform@29"), chosen(scene, "uniform1d@29"));  // prime above 24: no grid
}

TEST(Uniform, SpacesTheSequenceFromItsCentreOrItsStart) {
  const Scene scene = random_scene(24, 1, 21);
  EXPECT_EQ(chosen(scene, "uniform1d@3"), (Indices{96, 288, 480}));
  EXPECT_EQ(chosen(scene, "uniform1d@3[phase=zero]"), (Indices{0, 192, 384}));
}

TEST(Random, DependsOnSeedAndSampleAndOnNothingElse) {
  Scene a = random_scene(24, 1, 22), b = random_scene(24, 3, 23);
  a.key = b.key = {.sample_id = 77, .seed = 1};
  EXPECT_EQ(chosen(a, "random@64"), chosen(b, "random@64"));
  b.key.seed = 2;
  EXPECT_NE(chosen(a, "random@64"), chosen(b, "random@64"));
  b.key = {.sample_id = 78, .seed = 1};
  EXPECT_NE(chosen(a, "random@64"), chosen(b, "random@64"));
}

TEST(Random, TakesEveryPatchEquallyOften) {
  Scene scene = random_scene(24, 1, 24);
  std::vector<int> hits(576, 0);
  constexpr int kDraws = 3000;
  for (int draw = 0; draw < kDraws; ++draw) {
    scene.key.sample_id = static_cast<std::uint64_t>(draw) << 20;
    for (const std::int64_t patch : chosen(scene, "random@144"))
      ++hits[static_cast<std::size_t>(patch)];
  }
  // Binomial(3000, 1/4): mean 750, sd 23.7; 576 patches stay within 5 sd with probability 0.9997.
  for (const int count : hits) EXPECT_NEAR(count, kDraws / 4, 5 * 23.8);
}

// --- the registry ---

TEST(Registry, NamesTheNearestMethodAndOption) {
  EXPECT_NE(refusal("litelvm@64").find("\"litelvlm\""), std::string::npos);
  EXPECT_NE(refusal("litelvlm@64[varient=paper]").find("\"variant\""), std::string::npos);
  EXPECT_NE(refusal("litelvlm@64[variant=papre]").find("paper"), std::string::npos);
  EXPECT_NE(refusal("cls_topk@64[k=2]").find("no options"), std::string::npos);
}

TEST(Registry, WantsABudgetExactlyWhereTheMethodTakesOne) {
  EXPECT_NE(refusal("litelvlm"), "");
  EXPECT_NE(refusal("none@192"), "");
  EXPECT_EQ(refusal("none"), "");
}

}  // namespace
}  // namespace litebench::prune
