// The published methods: the toy oracle of pruners.md §8.8 where one is given (computed from the
// formulas in plain Python, apart from this program), and the laws that tie methods together.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include "kernels/greedy/dpp.hpp"
#include "kernels/select/stable_topk.hpp"
#include "model/prune/policies.hpp"
#include "model/prune/prumerge_rows.hpp"
#include "model/prune/registry.hpp"
#include "model/prune/scores.hpp"
#include "model/prune/visionzip_rows.hpp"
#include "tests/model/prune/toy.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;

TokenPlan planned(const Scene& scene, const std::string& variant) {
  const auto parsed = unit::parse_variant(variant);
  const auto pruner = builtin_registry().make(parsed);
  return select(*pruner, parsed.order, scene.view(), scene.queries, nullptr);
}

Indices chosen(const Scene& scene, const std::string& variant) {
  return patches_of(planned(scene, variant));
}

/// Sources of a row, without CLS counted: patches.
Indices parts_of(const TokenPlan& plan, std::int64_t row) {
  Indices parts;
  for (std::int64_t e = plan.row_ptr()[row]; e < plan.row_ptr()[row + 1]; ++e) {
    parts.push_back(plan.cols()[e] - 1);
  }
  return parts;
}

double row_sum(const TokenPlan& plan, std::int64_t row) {
  double sum = 0;
  for (std::int64_t e = plan.row_ptr()[row]; e < plan.row_ptr()[row + 1]; ++e) {
    sum += plan.weights()[e];
  }
  return sum;
}

class ToyMerge : public ::testing::Test {
 protected:
  static double x(std::int64_t i, std::int64_t j) {
    return static_cast<double>((7 * i + 3 * j + i * j) % 11 - 5);
  }
  static double k(std::int64_t i, std::int64_t j) {
    return static_cast<double>((5 * i + 2 * j + 3) % 7 - 3);
  }
  ToyMerge() {
    const auto dot = [](std::int64_t a, std::int64_t b) {
      double sum = 0;
      for (std::int64_t j = 0; j < 4; ++j) sum += k(a, j) * k(b, j);
      return sum;
    };
    for (std::int64_t i = 0; i < 12; ++i) {
      attention_.push_back(static_cast<float>(((5 * i) % 12 + 1) / 78.0));
      for (std::int64_t j = 0; j < 12; ++j) {
        const double cosine = dot(i, j) / std::sqrt(dot(i, i) * dot(j, j));
        cosines_.push_back(static_cast<float>(std::round(cosine * 1e12) / 1e12));
      }
    }
  }
  static void expect_row(const at::Tensor& y, std::int64_t row, std::vector<double> expected) {
    for (std::int64_t j = 0; j < 4; ++j) {
      EXPECT_NEAR(y[row][j].item<double>(), expected[static_cast<std::size_t>(j)], 1e-5)
          << row << " " << j;
    }
  }
  // CLS is a row that must not leak into any other.
  at::Tensor x_ = filled(13, 4, [](auto i, auto j) { return i == 0 ? 1e6 : x(i - 1, j); });
  std::vector<float> attention_, cosines_;
};

TEST_F(ToyMerge, VisionZipMergesAsComputedByHand) {
  const TokenPlan plan =
      visionzip_plan({attention_, cosines_.data()}, {.dominant = 2, .contextual = 3, .cls = true});
  EXPECT_EQ(Indices(plan.origins().begin(), plan.origins().end()), (Indices{0, 3, 8, -1, -1, -1}));
  EXPECT_EQ(parts_of(plan, 3), (Indices{0, 3, 6, 9, 10}));
  EXPECT_EQ(parts_of(plan, 4), (Indices{4, 11}));
  EXPECT_EQ(parts_of(plan, 5), (Indices{8, 1, 5}));
  const at::Tensor y = plan.apply(x_);
  expect_row(y, 0, {1e6, 1e6, 1e6, 1e6});
  expect_row(y, 1, {x(2, 0), x(2, 1), x(2, 2), x(2, 3)});
  expect_row(y, 3, {-2.25, -.25, 1.75, 3.75});
  expect_row(y, 4, {-4, -5, 5, 4});
  expect_row(y, 5, {-4.5, -4, -3.5, -3});
}

TEST_F(ToyMerge, PruMergeMergesAsComputedByHand) {
  const Indices kept = prumerge_kept(attention_, 3, 0);
  EXPECT_EQ(kept, (Indices{7, 2, 9}));
  const TokenPlan plan = prumerge_plan({attention_, cosines_.data()}, kept, 3);
  EXPECT_EQ(parts_of(plan, 0), (Indices{7, 0, 3, 10}));
  EXPECT_EQ(parts_of(plan, 1), (Indices{2, 9, 6, 5}));
  EXPECT_EQ(parts_of(plan, 2), (Indices{9, 2, 6, 5}));
  const at::Tensor y = plan.apply(x_);
  expect_row(y, 0, {.15385, -.98718, -2.12821, -2.70513});
  expect_row(y, 1, {-1.33333, 3.82051, -2.30769, 1.15385});
  expect_row(y, 2, {3, 4.73077, 4.62821, -4.92308});
  expect_row(y, 3, {-.0641, -.87179, .15385, .47436});
}

TEST(CdPruner, WeighsAndPicksTheToyAsComputedByHand) {
  const at::Tensor x =
      filled(12, 4, [](auto i, auto j) { return (7 * i + 3 * j + i * j) % 11 - 5; });
  const at::Tensor texts = filled(2, 4, [](auto m, auto j) {
    const int t[2][4] = {{1, 0, -1, 2}, {0, 2, 1, -1}};
    return t[m][j];
  });
  ScoreOptions cosine;
  cosine.sim = protocol::Similarity::cosine;
  const at::Tensor parts[] = {text_relevance(similarity(x, texts, cosine)), cosine_gram(x, {})};
  const HostScores host(parts);
  const double expected[] = {.6084, .6281, .0149, .1193, .6839, .0819,
                             0,     .7942, 1,     .165,  .0697, .6084};
  for (std::size_t i = 0; i < 12; ++i) EXPECT_NEAR(host.row(0)[i], expected[i], 5.1e-5) << i;
  EXPECT_EQ(kernels::dpp_selection(host.row(1).data(), host.row(0).data(), 12, 3),
            (Indices{8, 4, 0}));
}

TEST(CdPruner, TakesEqualRelevancesAsOne) {
  const at::Tensor flat = filled(2, 5, [](auto, auto) { return 0.25; });
  EXPECT_EQ(text_relevance(flat).sum().item<double>(), 5.0);
}

TEST(CdPruner, IsNotDivPruneOnTheSameFeatures) {
  const Scene scene = random_scene(24, 1, 31);
  EXPECT_NE(chosen(scene, "cdpruner@16"), chosen(scene, "divprune@16"));
}

TEST(Aliases, SelectWhatClsTopkSelects) {
  const Scene scene = random_scene(24, 1, 32);
  for (const char* tokens : {"1", "64", "192", "576"}) {
    const Indices expected = chosen(scene, std::string("cls_topk@") + tokens);
    EXPECT_EQ(chosen(scene, std::string("fastervlm@") + tokens), expected);
    EXPECT_EQ(chosen(scene, std::string("hired@") + tokens), expected);
    EXPECT_EQ(chosen(scene, std::string("vispruner@") + tokens + "[r=1]"), expected);
  }
}

TEST(ClsBottomk, IsWhatClsTopkLeavesOut) {
  const Scene scene = random_scene(24, 1, 33);
  Indices both = chosen(scene, "cls_topk@500"), bottom = chosen(scene, "cls_bottomk@76");
  both.insert(both.end(), bottom.begin(), bottom.end());
  Indices all(576);
  std::iota(all.begin(), all.end(), std::int64_t{0});
  EXPECT_EQ(raster(both), all);
}

TEST(VisPruner, HoldsTheMostAttendedHalfAndWorksForOddRests) {
  const Scene scene = random_scene(24, 1, 34);
  for (const int tokens : {57, 58, 59, 192}) {  // the released code fails when the rest is odd
    const Indices kept = chosen(scene, "vispruner@" + std::to_string(tokens));
    for (const auto patch : chosen(scene, "cls_topk@" + std::to_string(tokens / 2))) {
      EXPECT_TRUE(std::binary_search(kept.begin(), kept.end(), patch)) << tokens;
    }
  }
}

TEST(Trim, IsTheSimilaritySelectionAndTheMeanOfTheOthers) {
  const Scene scene = random_scene(24, 3, 35);
  for (const char* aggregate : {"mean", "max", "union"}) {
    for (const char* sign : {"low", "high"}) {
      const std::string option = std::string("aggregate=") + aggregate;
      const TokenPlan plan = planned(scene, "trim@64[" + option + ",sign=" + sign + "]");
      Indices patches = patches_of(plan);
      EXPECT_EQ(plan.origins().back(), -1);
      EXPECT_EQ(plan.anchors().back(), 576);
      patches.pop_back();
      EXPECT_EQ(patches, chosen(scene, std::string("sim_") + sign + "@63[" + option + "]"));
      Indices rest = parts_of(plan, 63);
      EXPECT_EQ(rest.size(), 576U - 63U);
      EXPECT_NEAR(row_sum(plan, 63), 1, 1e-5);
      rest.insert(rest.end(), patches.begin(), patches.end());
      rest = raster(rest);
      EXPECT_EQ(std::unique(rest.begin(), rest.end()) - rest.begin(), 576);
    }
  }
  EXPECT_EQ(patches_of(planned(scene, "trim@64")), patches_of(planned(scene, "trim@64[sign=low]")));
}

TEST(AvgPool, PoolsSquaresWhereTheBudgetIsOne) {
  const Scene scene = random_scene(24, 1, 36);
  const TokenPlan plan = planned(scene, "avgpool@144");
  EXPECT_EQ(parts_of(plan, 0), (Indices{0, 1, 24, 25}));
  EXPECT_EQ(parts_of(plan, 13), (Indices{50, 51, 74, 75}));
  EXPECT_FLOAT_EQ(plan.anchors()[0], 1 + 12.5F);
  EXPECT_FLOAT_EQ(planned(scene, "avgpool@64").anchors()[0], 1 + 25);
}

TEST(AvgPool, TakesMeansThatCoverTheWholeImageAtEveryBudget) {
  const Scene scene = random_scene(24, 1, 37);
  for (const int tokens : {1, 2, 29, 100, 127, 192, 575}) {
    const TokenPlan plan = planned(scene, "avgpool@" + std::to_string(tokens));
    Indices seen(plan.cols().begin(), plan.cols().end());
    seen = raster(seen);
    EXPECT_EQ(std::unique(seen.begin(), seen.end()) - seen.begin(), 576) << tokens;
    for (std::int64_t row = 0; row < plan.size(); ++row) EXPECT_NEAR(row_sum(plan, row), 1, 1e-5);
  }
}

TEST(PruMerge, AddsTheNeighboursAttentionToEveryKeptPatch) {
  const Scene scene = random_scene(24, 1, 38);
  const at::Tensor parts[] = {single_head_cls_attention(scene.features.layers.at(23), {})};
  const HostScores host(parts);
  for (const char* id : {"prumerge@64", "prumerge+@64"}) {
    const TokenPlan plan = planned(scene, id);
    double outside = 1, kept_attention = 0;
    for (std::int64_t row = 0; row < 63; ++row) {
      const Indices rows = parts_of(plan, row);
      EXPECT_EQ(rows.size(), 33U);
      double expected = 1;
      for (std::size_t i = 1; i < rows.size(); ++i) {
        expected += host.row(0)[static_cast<std::size_t>(rows[i])];
      }
      EXPECT_NEAR(row_sum(plan, row), expected, 1e-5) << id;
      kept_attention += host.row(0)[static_cast<std::size_t>(rows[0])];
    }
    outside = std::accumulate(host.row(0).begin(), host.row(0).end(), 0.0) - kept_attention;
    EXPECT_EQ(parts_of(plan, 63).size(), 576U - 63U);
    EXPECT_NEAR(row_sum(plan, 63), outside, 1e-5) << id;
    EXPECT_EQ(plan.anchors().back(), 576);
  }
}

TEST(PruMerge, PlusKeepsAQuarterByAttentionAndSpacesTheOthers) {
  std::vector<float> attention(576, 0.001F);
  attention[7] = 0.3F;
  attention[3] = 0.2F;
  const Indices kept = prumerge_kept(attention, 2, 3);
  // 574 others; the centres of three equal parts are places 95, 287, 478, two patches further on.
  EXPECT_EQ(kept, (Indices{7, 3, 97, 289, 480}));
  const Scene scene = random_scene(24, 1, 39);
  const auto first = [&](const char* id, std::int64_t rows) {
    const TokenPlan plan = planned(scene, id);
    Indices centres;
    for (std::int64_t row = 0; row < rows; ++row) centres.push_back(parts_of(plan, row)[0]);
    return centres;
  };
  EXPECT_EQ(first("prumerge+@65", 16), first("prumerge@65", 16));
  const Indices spaced = first("prumerge+@65", 64);
  EXPECT_TRUE(std::is_sorted(spaced.begin() + 16, spaced.end()));
}

TEST(VisionZip, SplitsBudgetsAsPublished) {
  const auto counts = [](std::int64_t tokens) {
    const VisionZipCounts counts = visionzip_counts(tokens, true);
    return std::pair(counts.dominant + 1, counts.contextual);
  };
  using Pair = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(counts(192), Pair(162, 30));
  EXPECT_EQ(counts(128), Pair(108, 20));
  EXPECT_EQ(counts(64), Pair(54, 10));
  EXPECT_EQ(counts(32), Pair(27, 5));
  EXPECT_EQ(counts(288), Pair(243, 45));
  EXPECT_EQ(counts(144), Pair(121, 23));
}

TEST(VisionZip, BeginsWithClsUnlessToldOtherwiseAndUsesEveryPatch) {
  Scene scene = random_scene(24, 1, 40);
  scene.geometry.vision.heads = 4;  // keys of more than one dimension per head
  const TokenPlan with = planned(scene, "visionzip@64");
  const TokenPlan without = planned(scene, "visionzip@64[cls_in_output=false]");
  EXPECT_EQ(with.origins()[0], 0);
  EXPECT_EQ(with.anchors()[0], 0);
  Indices dominant = patches_of(with);
  EXPECT_EQ(Indices(dominant.begin() + 1, dominant.begin() + 54), chosen(scene, "cls_topk@53"));
  dominant = patches_of(without);
  EXPECT_EQ(Indices(dominant.begin(), dominant.begin() + 54), chosen(scene, "cls_topk@54"));
  for (const TokenPlan& plan : {with, without}) {
    Indices seen(plan.cols().begin(), plan.cols().end());
    seen = raster(seen);
    EXPECT_EQ(seen.end(), std::adjacent_find(seen.begin(), seen.end()));
    EXPECT_EQ(std::ssize(seen), 576 + (plan.origins()[0] == 0 ? 1 : 0));
    for (std::int64_t row = 54; row < 64; ++row) {
      EXPECT_NEAR(row_sum(plan, row), parts_of(plan, row).size() > 1 ? 2 : 1, 1e-5) << row;
    }
  }
}

TEST(ContextOnly, EmitsByScoreAndIsWhatFillsLiteLvlm) {
  const Scene scene = random_scene(24, 3, 41);
  EXPECT_EQ(chosen(scene, "context_only@2"), chosen(scene, "litelvlm@2"));
  EXPECT_EQ(raster(chosen(scene, "context_only@50")),
            chosen(scene, "context_only@50[order=raster]"));
}

TEST(Fillers, ShareLiteLvlmsSimilaritySetsAndFillByTheirOwnScore) {
  Scene scene = random_scene(24, 3, 42);
  for (const char* variant : {"", "[variant=paper]"}) {
    const Indices lite = chosen(scene, std::string("litelvlm@64") + variant);
    for (const char* id : {"sim_low+cls@64", "sim_low+random@64"}) {
      const Indices other = chosen(scene, std::string(id) + variant);
      EXPECT_EQ(other.size(), 64U);
      EXPECT_NE(other, lite) << id;
      EXPECT_TRUE(std::equal(lite.rbegin(), lite.rbegin() + 2, other.rbegin())) << id;
    }
  }
  // Fewer tokens than texts leave no similarity set: everything is filler.
  EXPECT_EQ(raster(chosen(scene, "sim_low+cls@2")), chosen(scene, "cls_topk@2"));
  const Indices drawn = chosen(scene, "sim_low+random@64");
  scene.key.seed = 5;
  EXPECT_NE(chosen(scene, "sim_low+random@64"), drawn);
}

TEST(SimCos, RanksByCosineWhateverTheProtocolSays) {
  const Scene scene = random_scene(24, 2, 43);
  ScoreOptions cosine;
  cosine.sim = protocol::Similarity::cosine;
  const at::Tensor parts[] = {
      similarity(scene.features.joint, scene.queries.embeds, cosine).mean(0)};
  const HostScores host(parts);
  using kernels::Best;
  EXPECT_EQ(chosen(scene, "sim_low_cos@50"),
            raster(kernels::stable_topk(host.row(0), 50, Best::smallest)));
  EXPECT_EQ(chosen(scene, "sim_high_cos@50"),
            raster(kernels::stable_topk(host.row(0), 50, Best::largest)));
  EXPECT_NE(chosen(scene, "sim_low_cos@50"), chosen(scene, "sim_low@50"));
}

}  // namespace
}  // namespace litebench::prune
