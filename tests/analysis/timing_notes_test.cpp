// What tables say of how the times in them came about.

#include <algorithm>
#include <functional>
#include <stdexcept>

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "analysis/metrics/cuda_graphs.hpp"
#include "analysis/reduce.hpp"
#include "shards/store/cold_start.hpp"
#include "tests/analysis/synthetic_run.hpp"

namespace litebench::analysis {
namespace {

using Change =
    std::function<void(const synthetic::Image&, store::Bundle& accuracy, store::Bundle& timed)>;

/// A table of a complete run with times.
Table table_of(const std::string& tag, const store::Provenance& provenance, const Change& change) {
  const synthetic::Folder folder("timing-notes");
  store::ShardWriter writer(folder.shard("a-r0"), provenance);
  writer.plan(synthetic::plan(true));
  for (const synthetic::Image& image : synthetic::images()) {
    store::Bundle accuracy = synthetic::accuracy_bundle(image),
                  timed = synthetic::latency_bundle(image);
    change(image, accuracy, timed);
    writer.commit(accuracy);
    writer.commit(timed);
  }
  writer.close();
  for (const Table& table : reduce(folder.path()).tables) {
    if (table.tag == tag) return table;
  }
  throw std::logic_error("no table " + tag);
}

std::string notes_of(const Table& table) { return fmt::format("{}", fmt::join(table.notes, "|")); }

TEST(TimingNotes, NameTheStagesThatCameFromCudaGraphsAndWhosePrefillDidNot) {
  const auto efficiency = [](const std::string& prefill_without) {
    store::Provenance provenance = synthetic::provenance();
    provenance.environment.emplace_back(kGraphStages, "clip, prefill, sam, mask");
    provenance.environment.emplace_back(kPrefillWithoutGraph, prefill_without);
    return table_of("efficiency", provenance, [](const auto&, auto&, auto&) {});
  };
  const Table all = efficiency(""), some = efficiency("random@64");
  for (const Table* table : {&all, &some})
    EXPECT_TRUE(table->caption.ends_with(" Timed from CUDA graphs: clip, prefill, sam, mask."));
  EXPECT_EQ(notes_of(all).find("CUDA graph"), std::string::npos);
  EXPECT_NE(notes_of(some).find("without a CUDA graph: random@64."), std::string::npos);
  const Table none =
      table_of("efficiency", synthetic::provenance(), [](const auto&, auto&, auto&) {});
  EXPECT_EQ(none.caption.find("CUDA graph"), std::string::npos);
}

TEST(Captions, RepeatTheRemarkOfTheCheckpoint) {
  store::Provenance provenance = synthetic::provenance();
  provenance.environment.emplace_back("remark", "Made up: says nothing.");
  const auto untouched = [](const auto&, auto&, auto&) {};
  for (const char* tag : {"main", "efficiency", "conventions"}) {
    EXPECT_TRUE(table_of(tag, provenance, untouched).caption.ends_with(" Made up: says nothing."));
    EXPECT_EQ(table_of(tag, synthetic::provenance(), untouched).caption.find("Made up"),
              std::string::npos);
  }
}

TEST(TimingNotes, OnlyAProcessThatTimedBeforeItEvaluatedHasAFirstRunOfAll) {
  const auto notes = [](std::int64_t evaluated_ns, std::int64_t timed_ns) {
    const auto begin = [&](const synthetic::Image& image, store::Bundle& accuracy,
                           store::Bundle& timed) {
      accuracy.commit.begin_ns = evaluated_ns + image.id;
      timed.commit.begin_ns = timed_ns + image.id;
      store::UnitRow first = synthetic::unit(image, 0, store::Pass::latency);
      first.repeat = store::kColdStart;
      first.order = static_cast<std::int16_t>(image.id == 10 ? 0 : 1);
      first.total_ns = 7'000'000;
      timed.units.push_back(first);
    };
    return notes_of(table_of("cold-start", synthetic::provenance(), begin));
  };
  const std::string cold = notes(2'000, 1'000), warm = notes(1'000, 2'000);
  EXPECT_NE(cold.find("pays for what all share too: 7.00 ms in the median of 1."),
            std::string::npos)
      << cold;
  EXPECT_EQ(cold.find("had computed before"), std::string::npos) << cold;
  EXPECT_EQ(warm.find("The very first run"), std::string::npos) << warm;
  EXPECT_NE(warm.find("had computed before"), std::string::npos) << warm;
}

}  // namespace
}  // namespace litebench::analysis
