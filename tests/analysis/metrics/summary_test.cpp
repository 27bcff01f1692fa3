#include "analysis/metrics/summary.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/analysis/synthetic_run.hpp"

namespace litebench::analysis {
namespace {

TEST(Summary, TheEpsilonsOfAProtocolAreUpstreamUnlessItSaysNone) {
  EXPECT_EQ(epsilons_of(R"({"eps": "upstream"})"), Epsilons::upstream);
  EXPECT_EQ(epsilons_of(R"({"eps": "none"})"), Epsilons::none);
  EXPECT_EQ(epsilons_of("{}"), Epsilons::upstream);
  EXPECT_THROW(epsilons_of(R"({"eps": "some"})"), Error);
  EXPECT_THROW(epsilons_of("eps"), Error);
}

TEST(Summary, ARatioOfPairedSumsIsNotTheMeanOfRatios) {
  PairedSum sum;
  sum.add(1, 4);
  sum.add(10, 10);
  EXPECT_DOUBLE_EQ(sum.speed_up().value(), 14.0 / 11);
  EXPECT_DOUBLE_EQ(sum.share().value(), 11.0 / 14);
  EXPECT_DOUBLE_EQ(sum.mean().value(), 5.5);
}

TEST(Summary, WhatWasNotMeasuredLeavesThePairOut) {
  PairedSum sum;
  sum.add(-1, 4);
  sum.add(3, -1);
  EXPECT_EQ(sum.speed_up(), std::nullopt);
  sum.add(2, 4);
  EXPECT_EQ(sum.pairs, 1);
  EXPECT_DOUBLE_EQ(sum.speed_up().value(), 2);
}

/// Gives random@64 a second seed whose intersections are 3 pixels larger.
void write_two_seeds(const synthetic::Folder& folder) {
  store::ShardWriter writer(folder.shard("a-r0"), synthetic::provenance());
  for (const synthetic::Image& image : synthetic::images()) {
    store::Bundle bundle = synthetic::accuracy_bundle(image);
    const auto expressions = bundle.expressions;
    store::UnitRow unit = bundle.units[1];
    unit.seed = 1;
    bundle.units.push_back(unit);
    for (store::ExpressionRow e : expressions) {
      if (e.variant != 1) continue;
      e.seed = 1;
      e.intersection += 3;
      bundle.expressions.push_back(e);
    }
    writer.commit(bundle);
  }
  writer.close();
}

TEST(Summary, SeveralSeedsGiveTheMeanOfTheirValues) {
  const synthetic::Folder folder("summary-seeds");
  write_two_seeds(folder);
  const analysis::Run run = load_run(folder.path());
  const Summary summary = summarise(run, pair_samples(run), {});
  const Accuracy& random = summary.accuracy_of(0, 0, 1);
  EXPECT_EQ(random.seeds, 2);
  EXPECT_EQ(random.expressions, 3);
  // 15 + 25 + 5 pixels of 40 + 50 + 20, and 9 more with the second seed.
  EXPECT_NEAR(random.ciou.value(), (45.0 / 110 + 54.0 / 110) / 2, 1e-12);
  EXPECT_EQ(summary.accuracy_of(0, 0, 0).seeds, 1);
}

TEST(Summary, APaddedSamplerCountsTheFirstImagesTwice) {
  const synthetic::Folder folder("summary-padded");
  {
    store::ShardWriter writer(folder.shard("a-r0"), synthetic::provenance());
    writer.plan(synthetic::plan());
    for (const synthetic::Image& image : synthetic::images()) {
      store::Bundle bundle = synthetic::accuracy_bundle(image);
      writer.commit(bundle);
    }
    writer.close();
  }
  const analysis::Run run = load_run(folder.path());
  const auto ciou_with = [&](std::int32_t ranks) {
    SummaryOptions options;
    options.padded_ranks = ranks;
    return summarise(run, pair_samples(run), options).accuracy_of(0, 0, 1).ciou.value();
  };
  // refcoco/val has two images: image 20 with 15 + 25 of 40 + 50 pixels, then image 10 with 5 of 20.
  EXPECT_NEAR(ciou_with(1), 45.0 / 110, 1e-12);
  EXPECT_NEAR(ciou_with(2), 45.0 / 110, 1e-12);
  EXPECT_NEAR(ciou_with(3), (45.0 + 40) / (110 + 90), 1e-12);
}

TEST(Summary, TheLatencyPassPairsUnitsBySampleAndRepeat) {
  const synthetic::Folder folder("summary-latency");
  synthetic::write_complete_run(folder, true);
  const analysis::Run run = load_run(folder.path());
  const Summary summary = summarise(run, pair_samples(run), {});
  const Efficiency& random = summary.efficiency_of(0, 1);
  EXPECT_EQ(random.total_ns.pairs, 6);
  EXPECT_DOUBLE_EQ(random.total_ns.baseline, (300 + 500) * (10 + 20 + 30));
  EXPECT_EQ(summary.latency_units, 12);
  SummaryOptions without;
  without.baseline = "vispruner@64";
  EXPECT_EQ(summarise(run, pair_samples(run), without).efficiency_of(0, 1).total_ns.speed_up(),
            std::nullopt);
}

TEST(Summary, ASampleThatFailedInTheLatencyPassForOneVariantIsLeftOutOfAll) {
  const synthetic::Folder folder("summary-latency-failed");
  {
    store::ShardWriter writer(folder.shard("a-r0"), synthetic::provenance());
    writer.plan(synthetic::plan(true));
    for (const synthetic::Image& image : synthetic::images()) {
      store::Bundle accuracy = synthetic::accuracy_bundle(image);
      writer.commit(accuracy);
      store::Bundle timed = synthetic::latency_bundle(image);
      if (image.id == 20) timed.units[1].status = store::Status::failed_sample;
      writer.commit(timed);
    }
    writer.close();
  }
  const analysis::Run run = load_run(folder.path());
  const Summary summary = summarise(run, pair_samples(run), {});
  EXPECT_EQ(summary.efficiency_of(0, 0).total_ns.pairs, 4);
  EXPECT_EQ(summary.efficiency_of(0, 1).total_ns.pairs, 4);
  EXPECT_DOUBLE_EQ(summary.efficiency_of(0, 1).total_ns.baseline, (300 + 500) * (10 + 30));
}

}  // namespace
}  // namespace litebench::analysis
