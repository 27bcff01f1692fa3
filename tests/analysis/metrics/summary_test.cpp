#include "analysis/metrics/summary.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "shards/store/cold_start.hpp"
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
  sum.add({.pairs = 2, .own = 1, .baseline = 4});
  sum.add({.pairs = 2, .own = 10, .baseline = 10});
  EXPECT_DOUBLE_EQ(sum.speed_up().value(), 14.0 / 11);
  EXPECT_DOUBLE_EQ(sum.share().value(), 11.0 / 14);
  EXPECT_DOUBLE_EQ(sum.mean().value(), 5.5);
}

TEST(Summary, WhatWasNotMeasuredLeavesThePairOut) {
  results::Unit a{}, b{}, c{}, d{};
  a.total_ns = -1;
  b.total_ns = 4;
  c.total_ns = 3;
  d.total_ns = 5;
  const TimedPair pairs[] = {{&a, &b}, {&b, &a}, {&c, &b}, {&d, &b}};
  PairedSum sum;
  sum.add(mean_of(std::span(pairs, 2), Quantity::total_ns));
  EXPECT_EQ(sum.speed_up(), std::nullopt);
  sum.add(mean_of(pairs, Quantity::total_ns));
  EXPECT_EQ(sum.pairs, 2);
  EXPECT_EQ(sum.samples, 1);
  EXPECT_DOUBLE_EQ(sum.speed_up().value(), 1);   // 4 over the mean of 3 and 5
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
  EXPECT_EQ(random.total_ns.samples, 3);
  EXPECT_DOUBLE_EQ(random.total_ns.baseline, (300 + 500) / 2 * (10 + 20 + 30));
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
  EXPECT_DOUBLE_EQ(summary.efficiency_of(0, 1).total_ns.baseline, (300 + 500) / 2 * (10 + 30));
}

/// The latency bundle with a first run of both variants, a hundred times slower than any other.
store::Bundle with_cold_starts(const synthetic::Image& image, std::int64_t total_ns) {
  store::Bundle timed = synthetic::latency_bundle(image);
  for (std::int16_t variant = 0; variant < 2; ++variant) {
    store::UnitRow row = synthetic::unit(image, variant, store::Pass::latency);
    row.repeat = store::kColdStart;
    row.order = variant;
    row.total_ns = total_ns + variant;
    row.peak_bytes_total = 1'000'000;
    timed.units.insert(timed.units.begin(), row);
  }
  return timed;
}

TEST(Summary, FirstRunsAreInNoNumberButTheirOwn) {
  const synthetic::Folder plain("summary-warm"), cold("summary-cold");
  synthetic::write_complete_run(plain, true);
  {
    store::ShardWriter writer(cold.shard("a-r0"), synthetic::provenance());
    writer.plan(synthetic::plan(true));
    for (const synthetic::Image& image : synthetic::images()) {
      store::Bundle accuracy = synthetic::accuracy_bundle(image);
      writer.commit(accuracy);
      store::Bundle timed = with_cold_starts(image, image.id * 100'000);
      writer.commit(timed);
    }
    writer.close();
  }
  const analysis::Run a = load_run(plain.path()), b = load_run(cold.path());
  EXPECT_EQ(a.units.size(), b.units.size());
  EXPECT_EQ(b.cold_starts.size(), 6u);
  const Summary warm = summarise(a, pair_samples(a), {}), both = summarise(b, pair_samples(b), {});
  EXPECT_EQ(warm.latency_units, both.latency_units);
  for (std::size_t v = 0; v < 2; ++v) {
    const Efficiency &x = warm.efficiency_of(0, v), &y = both.efficiency_of(0, v);
    EXPECT_EQ(x.total_ns.pairs, y.total_ns.pairs);
    EXPECT_EQ(x.total_ns.own, y.total_ns.own);
    EXPECT_EQ(x.peak_bytes.own, y.peak_bytes.own);
    EXPECT_EQ(warm.tokens_of(0, v).kept, both.tokens_of(0, v).kept);
    EXPECT_EQ(warm.cold_of(0, v).starts, 0);
    EXPECT_EQ(both.cold_of(0, v).starts, 3);
  }
  // Images 10, 20, 30: first runs of 1, 2 and 3 ms, warm ones of 300 and 500 ns per id, random@64 half of it.
  EXPECT_DOUBLE_EQ(both.cold_of(0, 0).first_ns, 2'000'000);
  EXPECT_DOUBLE_EQ(both.cold_of(0, 0).warm_ns, 8'000);
  EXPECT_DOUBLE_EQ(both.cold_of(0, 1).first_ns, 2'000'001);
  EXPECT_DOUBLE_EQ(both.cold_of(0, 1).warm_ns, 4'000);
}

TEST(Summary, FirstRunsDoNotCompleteABundleThatLacksARepeat) {
  const synthetic::Folder folder("summary-cold-missing");
  {
    store::ShardWriter writer(folder.shard("a-r0"), synthetic::provenance());
    writer.plan(synthetic::plan(true));
    store::Bundle timed = with_cold_starts({0, 20, 2}, 1'000);
    timed.units.resize(4);   // two first runs, one repeat of both variants instead of two
    writer.commit(timed);
    writer.close();
  }
  const analysis::Run run = load_run(folder.path());
  EXPECT_TRUE(std::none_of(run.plan.begin(), run.plan.end(), [](const auto& b) { return b.done; }));
}

/// `none` takes 100 ns in image 10 and 400 in image 20, random@64 50 and 400; image 20 is timed `repeats` times.
void write_unequal_repeats(const synthetic::Folder& folder, std::int16_t repeats) {
  store::ShardWriter writer(folder.shard("a-r0"), synthetic::provenance());
  for (const synthetic::Image& image : {synthetic::Image{0, 20, 2}, synthetic::Image{0, 10, 1}}) {
    store::Bundle timed = synthetic::latency_bundle(image);
    timed.units.clear();
    for (std::int16_t repeat = 0; repeat < (image.id == 20 ? repeats : 2); ++repeat) {
      for (std::int16_t variant = 0; variant < 2; ++variant) {
        store::UnitRow row = synthetic::unit(image, variant, store::Pass::latency);
        row.repeat = repeat;
        row.total_ns = image.id == 20 ? 400 : variant == 0 ? 100 : 50;
        row.stage_ns[static_cast<std::size_t>(store::Stage::select)] = image.id;
        if (variant == 1) row.kept = static_cast<std::int16_t>(image.id);
        timed.units.push_back(row);
      }
    }
    writer.commit(timed);
  }
  writer.close();
}

TEST(Summary, AnImageThatWasRepeatedMoreOftenWeighsNoMore) {
  for (const std::int16_t repeats : {2, 9}) {
    const synthetic::Folder folder("summary-unequal");
    write_unequal_repeats(folder, repeats);
    const analysis::Run run = load_run(folder.path());
    const Summary summary = summarise(run, pair_samples(run), {});
    const Efficiency& random = summary.efficiency_of(0, 1);
    EXPECT_EQ(random.total_ns.pairs, 2 + repeats);
    EXPECT_DOUBLE_EQ(random.total_ns.speed_up().value(), 500.0 / 450);
    EXPECT_DOUBLE_EQ(random.total_ns.mean().value(), 225);
    EXPECT_DOUBLE_EQ(random.select_ns / static_cast<double>(random.selections), 15);
    EXPECT_DOUBLE_EQ(summary.tokens_of(0, 1).kept.value(), 15);
  }
}

}  // namespace
}  // namespace litebench::analysis
