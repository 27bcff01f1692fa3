// The done set of a run over several attempts.

#include "shards/store/resume.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/shards/store/sample_shard.hpp"

namespace litebench::store {
namespace {

ResumeRequest request() {
  const Provenance p = sample::provenance();
  return {p.family, p.family_parts};
}

std::filesystem::path shard(const std::filesystem::path& run, const std::string& attempt, int rank) {
  return run / "shards" / fmt::format("{}-r{}.h5", attempt, rank);
}

void write(const std::filesystem::path& run, const std::string& attempt, int rank, std::vector<Bundle> bundles) {
  ShardWriter writer(shard(run, attempt, rank), sample::provenance(attempt));
  for (Bundle& bundle : bundles) writer.commit(bundle);
}

TEST(Resume, OfAnEmptyRunHasNothingDone) {
  const sample::Scratch run;
  EXPECT_TRUE(scan_done(run.path(), request()).bundles.empty());
}

TEST(Resume, JoinsTheBundlesOfAllAttemptsAndRanks) {
  const sample::Scratch run;
  Bundle latency = sample::bundle(9);
  latency.commit.pass = Pass::latency;
  latency.commit.duration_ns = 500'000'000;
  Bundle slower = sample::bundle(2);
  slower.commit.duration_ns = 4'000'000'000;
  write(run.path(), "20250101T000000Z-a-1-0", 0, {sample::bundle(1), latency});
  write(run.path(), "20250101T000000Z-a-1-0", 1, {slower});
  write(run.path(), "20250102T000000Z-a-2-0", 0, {sample::bundle(3)});
  const DoneSet done = scan_done(run.path(), request());
  EXPECT_EQ(done.bundles, (std::unordered_set<std::uint64_t>{1, 2, 3, 9}));
  EXPECT_EQ(done.attempts, 2U);
  EXPECT_EQ(done.count, (std::array<std::uint64_t, 2>{3, 1}));
  EXPECT_DOUBLE_EQ(done.mean_seconds[0], (2.0 + 4.0 + 2.0) / 3);
  EXPECT_DOUBLE_EQ(done.mean_seconds[1], 0.5);
  EXPECT_TRUE(done.duplicates.empty());
}

TEST(Resume, OfTwoCommitsCountsTheEarlierAndAuditsTheOther) {
  const sample::Scratch run;
  Bundle other = sample::bundle(2);
  other.expressions[1].mask_hash += 1;
  Bundle same = sample::bundle(1);
  same.commit.duration_ns = 1;       // times may differ
  write(run.path(), "20250102T000000Z-a-1-0", 0, {same, other});
  write(run.path(), "20250101T000000Z-z-9-0", 0, {sample::bundle(1), sample::bundle(2)});
  const DoneSet done = scan_done(run.path(), request());
  EXPECT_EQ(done.bundles.size(), 2U);
  EXPECT_DOUBLE_EQ(done.mean_seconds[0], 2.0);
  ASSERT_EQ(done.duplicates.size(), 2U);
  for (const Duplicate& duplicate : done.duplicates) {
    EXPECT_EQ(duplicate.counted, "20250101T000000Z-z-9-0");
    EXPECT_EQ(duplicate.audit, "20250102T000000Z-a-1-0");
    EXPECT_EQ(duplicate.equal, duplicate.bundle_id == 1);
  }
}

TEST(Resume, WhatRanOutOfMemoryIsTriedAgain) {
  const sample::Scratch run;
  Bundle exhausted = sample::bundle(2);
  exhausted.units[1].status = Status::oom;
  Bundle undecodable = sample::bundle(3);   // no other try would change it
  undecodable.units[1].status = Status::failed_decode;
  write(run.path(), "20250101T000000Z-a-1-0", 0, {sample::bundle(1), exhausted, undecodable});
  EXPECT_EQ(scan_done(run.path(), request()).bundles, (std::unordered_set<std::uint64_t>{1, 3}));
}

TEST(Resume, RefusesAnotherFamilyAndSaysWhatChanged) {
  const sample::Scratch run;
  write(run.path(), "20250101T000000Z-a-1-0", 0, {});
  ResumeRequest changed = request();
  changed.family = "other";
  changed.family_parts[1].second = "bf16";
  try {
    scan_done(run.path(), changed);
    ADD_FAILURE() << "rows of two dtypes would be mixed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    const std::string text = error.what();
    EXPECT_NE(text.find("family key"), std::string::npos) << text;
    EXPECT_NE(text.find("dtype: fp32 then, bf16 now"), std::string::npos) << text;
    EXPECT_EQ(text.find("weights"), std::string::npos) << text;
  }
}

TEST(Resume, ListsThePacksInTheOrderOfTheirAttempts) {
  const sample::Scratch run;
  Provenance other = sample::provenance("20250103T000000Z-a-1-0");
  other.pack = "c0de";
  other.variants = {"uniform@64"};
  {
    ShardWriter writer(shard(run.path(), other.attempt, 0), other);
    Bundle bundle = sample::bundle(5, 1);
    writer.commit(bundle);
  }
  write(run.path(), "20250101T000000Z-a-1-0", 0, {sample::bundle(1)});
  write(run.path(), "20250101T000000Z-a-1-0", 1, {});
  const DoneSet done = scan_done(run.path(), request());
  EXPECT_EQ(done.bundles, (std::unordered_set<std::uint64_t>{1, 5}));
  ASSERT_EQ(done.packs.size(), 2U);
  EXPECT_EQ(done.packs[0].variants, (std::vector<std::string>{"none", "litelvlm@192"}));
  EXPECT_EQ(done.packs[0].variant_json.size(), 2U);
  EXPECT_EQ(done.packs[1].key, "c0de");
  EXPECT_EQ(done.packs[1].variants, (std::vector<std::string>{"uniform@64"}));
}

TEST(Resume, NamesTheDifferencesOfTwoKeys) {
  EXPECT_EQ(differences({{"a", "1"}, {"b", "2"}}, {{"a", "1"}, {"b", "3"}, {"c", "4"}}),
            (std::vector<std::string>{"b: 2 then, 3 now", "c: nothing then, 4 now"}));
}

TEST(Resume, GoesOnBesideAShardThatCannotBeRead) {
  const sample::Scratch run;
  write(run.path(), "20250101T000000Z-a-1-0", 0, {sample::bundle(1)});
  std::ofstream(shard(run.path(), "20250101T000000Z-a-1-0", 1)) << "no shard";
  const DoneSet done = scan_done(run.path(), request());
  EXPECT_EQ(done.bundles.size(), 1U);
  ASSERT_EQ(done.unreadable.size(), 1U);
  EXPECT_EQ(done.unreadable[0].path, shard(run.path(), "20250101T000000Z-a-1-0", 1));
}

}  // namespace
}  // namespace litebench::store
