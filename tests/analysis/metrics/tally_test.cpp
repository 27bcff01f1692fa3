#include "analysis/metrics/tally.hpp"

#include <map>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/json.hpp"

namespace litebench::analysis {
namespace {

/// Samples of one run of the reference, from what its own evaluation script recorded.
std::vector<std::vector<Counts>> recorded_samples(const json::Value& run) {
  std::vector<std::vector<Counts>> samples;
  run.at("samples").each([&](const json::Value& sample) {
    std::vector<Counts> counts;
    sample.at("I").each([&](const json::Value& classes) {
      classes.each([&, seen = 0](const json::Value& v) mutable {
        if (seen++ == 1) counts.push_back({v.as_int(), 0});  // background, foreground
      });
    });
    std::size_t expression = 0;
    sample.at("U").each([&](const json::Value& classes) {
      classes.each([&, seen = 0](const json::Value& v) mutable {
        if (seen++ == 1) counts[expression].union_ = v.as_int();
      });
      ++expression;
    });
    samples.push_back(counts);
  });
  return samples;
}

TEST(Tally, Float32SumsReproduceTheStringsThatTheReferenceWroteForEverySplitAndVariant) {
  const json::Document eval = json::Document::load("tests/golden/tiny/expected/eval.json");
  int compared = 0;
  eval.root().each_member([&](std::string_view split, const json::Value& recorded) {
    recorded.at("runs").each_member([&](std::string_view variant, const json::Value& run) {
      SCOPED_TRACE(fmt::format("{} {}", split, variant));
      Tally tally;
      for (const auto& sample : recorded_samples(run))
        add_sample(tally, sample, Epsilons::upstream);
      const auto f32 = [](std::optional<double> value) {
        return fmt::format("{}", static_cast<float>(value.value()));
      };
      EXPECT_EQ(f32(ciou(tally, Epsilons::upstream, Accumulation::f32)),
                run.at("ciou").as_string());
      EXPECT_EQ(f32(giou(tally, Epsilons::upstream, Accumulation::f32)),
                run.at("giou").as_string());
      const double ciou_string = std::stod(std::string(run.at("ciou").as_string()));
      const double giou_string = std::stod(std::string(run.at("giou").as_string()));
      EXPECT_NEAR(ciou(tally, Epsilons::upstream, Accumulation::exact).value(), ciou_string, 5e-7);
      EXPECT_NEAR(giou(tally, Epsilons::upstream, Accumulation::exact).value(), giou_string, 5e-7);
      ++compared;
    });
  });
  EXPECT_EQ(compared, 40);
}

TEST(Tally, AnEmptyPredictionOfAnEmptyTargetIsAHitInBothConventions) {
  EXPECT_EQ(iou_of({0, 0}, Epsilons::upstream), 1.0);
  EXPECT_EQ(iou_of({0, 0}, Epsilons::none), 1.0);
  Tally tally;
  add_sample(tally, std::vector<Counts>{{0, 0}}, Epsilons::upstream);
  EXPECT_EQ(precision(tally, 4), 1.0);
  EXPECT_EQ(ciou(tally, Epsilons::upstream, Accumulation::exact), 0.0);  // 0 / 1e-10
  EXPECT_NEAR(giou(tally, Epsilons::upstream, Accumulation::exact).value(), 1.0, 1.1e-5);
  EXPECT_EQ(ciou(tally, Epsilons::none, Accumulation::exact), std::nullopt);
  EXPECT_EQ(giou(tally, Epsilons::none, Accumulation::exact), 1.0);
}

TEST(Tally, UpstreamAddsItsEpsilonsAndTheStrictConventionAddsNone) {
  EXPECT_DOUBLE_EQ(iou_of({3, 4}, Epsilons::upstream), 3 / (4 + 1e-5));
  EXPECT_DOUBLE_EQ(iou_of({3, 4}, Epsilons::none), 0.75);
}

// One object drawn by two overlapping polygons: 10 pixels, 4 of them with G = 2 (upstream.md §7.4).
// The perfect prediction covers all 10, but only the 6 pixels with G = 1 can be hit.
TEST(Tally, APerfectMaskOfOverlappingPolygonsScoresAreaMinusOverlapOverArea) {
  const std::int64_t predicted = 10, target_area = 6, overlap = 4, hit = 6;
  const Counts upstream{hit, predicted + target_area - hit};
  EXPECT_EQ(upstream.union_, predicted);
  EXPECT_DOUBLE_EQ(iou_of(upstream, Epsilons::none), (10.0 - overlap) / 10);
}

TEST(Tally, CIoUIsTheRatioOfSumsAndGIoUTheMeanOfRatios) {
  Tally tally;
  add_sample(tally, std::vector<Counts>{{1, 2}, {30, 40}}, Epsilons::none);
  add_sample(tally, std::vector<Counts>{{0, 58}}, Epsilons::none);
  EXPECT_DOUBLE_EQ(ciou(tally, Epsilons::none, Accumulation::exact).value(), 0.31);
  EXPECT_DOUBLE_EQ(giou(tally, Epsilons::none, Accumulation::exact).value(), (0.5 + 0.75) / 3);
  EXPECT_EQ(tally.samples, 2);
  EXPECT_EQ(tally.expressions, 3);
}

TEST(Tally, PrecisionCountsAnIoUExactlyAtTheThreshold) {
  Tally tally;
  add_sample(tally, std::vector<Counts>{{7, 10}},
             Epsilons::upstream);  // 0.7 is not exact in binary
  EXPECT_EQ(precision(tally, 0), 1.0);
  EXPECT_EQ(precision(tally, 2), 1.0);
  EXPECT_EQ(precision(tally, 3), 0.0);
}

TEST(Tally, IntegerSumsDoNotDependOnTheOrderButFloat32OnesDo) {
  std::vector<Counts> counts{{16'777'216, 33'554'432}};
  for (int i = 0; i < 64; ++i) counts.push_back({1, 3});
  Tally forward, backward;
  for (const Counts& c : counts) add_sample(forward, std::vector<Counts>{c}, Epsilons::upstream);
  for (auto c = counts.rbegin(); c != counts.rend(); ++c) {
    add_sample(backward, std::vector<Counts>{*c}, Epsilons::upstream);
  }
  const auto value = [](const Tally& t, Accumulation a) {
    return ciou(t, Epsilons::upstream, a).value();
  };
  EXPECT_EQ(value(forward, Accumulation::exact), value(backward, Accumulation::exact));
  EXPECT_NE(value(forward, Accumulation::f32), value(backward, Accumulation::f32));
}

TEST(Tally, NothingMeasuredIsNoNumber) {
  EXPECT_EQ(ciou({}, Epsilons::upstream, Accumulation::exact), std::nullopt);
  EXPECT_EQ(giou({}, Epsilons::none, Accumulation::exact), std::nullopt);
  EXPECT_EQ(precision({}, 0), std::nullopt);
}

}  // namespace
}  // namespace litebench::analysis
