// A writer that dies, or whose disk fails, at every single write and sync of a commit.

#include <cerrno>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/shards/store/child.hpp"
#include "tests/shards/store/crash/disk.hpp"
#include "tests/shards/store/sample_shard.hpp"

namespace litebench::store {
namespace {

constexpr std::uint64_t kBefore = 3;   // bundles that are committed before the disturbed one

std::filesystem::path shard_in(const sample::Scratch& run) { return run.path() / "shards" / "a-r0.h5"; }

/// Everything that can be read of a run, as bundle numbers; every one of them is checked.
std::vector<std::uint64_t> bundles_of(const sample::Scratch& run) {
  std::vector<std::uint64_t> numbers;
  for (const auto& shard : shards_of(run.path())) {
    for (const Bundle& bundle : read_shard(shard).bundles) {
      const std::uint64_t number = bundle.commit.bundle_id;
      const Bundle expected = sample::bundle(number);
      EXPECT_EQ(bundle.bytes, expected.bytes);
      EXPECT_EQ(bundle.units.size(), expected.units.size());
      numbers.push_back(number);
    }
  }
  return numbers;
}

std::vector<std::uint64_t> numbers(std::uint64_t count) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(i);
  return all;
}

/// Three quiet commits, then one under `plan`. Exit code 0: it was never reached; 1: the writer refused as it should.
int commit_under(const std::filesystem::path& shard, Form form, disk::Plan plan, std::uint64_t call, int error) {
  ShardWriter writer(shard, sample::provenance(), form);
  for (std::uint64_t i = 0; i < kBefore; ++i) {
    Bundle bundle = sample::bundle(i);
    writer.commit(bundle);
  }
  disk::arrange(plan, call, error);
  Bundle bundle = sample::bundle(kBefore);
  try {
    writer.commit(bundle);
    if (form == Form::segments) writer.close();
  } catch (const Error& refusal) {
    return refusal.code() == ExitCode::io ? 1 : 2;
  }
  const bool reached = disk::calls() >= call;
  disk::arrange(disk::Plan::none, 0);
  return reached ? 3 : 0;
}

/// One call after the other is disturbed until a commit needs no more of them; how many there were.
template <typename Check>
std::uint64_t at_every_call(Form form, disk::Plan plan, int error, Check check) {
  for (std::uint64_t call = 1; call < 1000; ++call) {
    const sample::Scratch run;
    const auto shard = shard_in(run);
    const int code = sample::wait_child(
        sample::start_child([&]() -> int { return commit_under(shard, form, plan, call, error); }));
    if (code == 0) return call - 1;
    check(run, code, call);
  }
  return 0;
}

class Crash : public ::testing::TestWithParam<disk::Plan> {};

TEST_P(Crash, AtEveryWriteOfACommitLosesNothingThatWasCommittedBefore) {
  const std::uint64_t calls = at_every_call(Form::log, GetParam(), 0, [](const auto& run, int code, std::uint64_t call) {
    EXPECT_EQ(code, -SIGKILL) << call;
    const std::vector<std::uint64_t> found = bundles_of(run);
    EXPECT_TRUE(found == numbers(kBefore) || found == numbers(kBefore + 1)) << "killed at call " << call;
  });
  EXPECT_GE(calls, 2U) << "rows and extent";
}

INSTANTIATE_TEST_SUITE_P(Log, Crash, ::testing::Values(disk::Plan::kill, disk::Plan::tear));

class FailingDisk : public ::testing::TestWithParam<int> {};

TEST_P(FailingDisk, IsRefusedAtEveryWriteAndKeepsWhatWasCommittedBefore) {
  at_every_call(Form::log, disk::Plan::fail, GetParam(), [](const auto& run, int code, std::uint64_t call) {
    // A write of the library's own records may come late: then the commit has gone through.
    EXPECT_TRUE(code == 1 || code == 3) << code << " at call " << call;
    const std::vector<std::uint64_t> found = bundles_of(run);
    EXPECT_TRUE(found == numbers(kBefore) || found == numbers(kBefore + 1)) << "failed at call " << call;
    if (code == 3) EXPECT_EQ(found, numbers(kBefore + 1)) << "acknowledged";
  });
}

INSTANTIATE_TEST_SUITE_P(Errors, FailingDisk, ::testing::Values(ENOSPC, EROFS, EDQUOT, EIO));

TEST(CrashOfSegments, LosesNoClosedSegmentAndLeavesNoHalfOne) {
  for (const disk::Plan plan : {disk::Plan::kill, disk::Plan::tear}) {
    const std::uint64_t calls = at_every_call(Form::segments, plan, 0, [](const auto& run, int code, std::uint64_t call) {
      EXPECT_EQ(code, -SIGKILL) << call;
      const std::vector<std::uint64_t> found = bundles_of(run);
      EXPECT_TRUE(found.empty() || found == numbers(kBefore + 1)) << "killed at call " << call;
    });
    EXPECT_GE(calls, 4U) << "start, rows, sync, name";
  }
}

TEST(FailingDiskUnderSegments, IsRefused) {
  at_every_call(Form::segments, disk::Plan::fail, ENOSPC, [](const auto& run, int code, std::uint64_t call) {
    EXPECT_TRUE(code == 1 || code == 3) << code << " at call " << call;
    const std::vector<std::uint64_t> found = bundles_of(run);
    EXPECT_TRUE(found.empty() || found == numbers(kBefore + 1)) << call;
    if (code == 3) EXPECT_EQ(found, numbers(kBefore + 1)) << "acknowledged";
  });
}

/// The power goes at the n-th call; what is read afterwards.
std::vector<std::uint64_t> after_power_cut(std::uint64_t call, std::chrono::milliseconds pause) {
  const sample::Scratch run;
  const auto shard = shard_in(run);
  sample::wait_child(sample::start_child([&]() -> int {
    disk::arrange(disk::Plan::power_cut, 1'000'000);
    ShardWriter writer(shard, sample::provenance());
    for (std::uint64_t i = 0; i < kBefore; ++i) {
      Bundle bundle = sample::bundle(i);
      writer.commit(bundle);
    }
    std::this_thread::sleep_for(pause);
    disk::arrange(disk::Plan::power_cut, call);
    for (std::uint64_t i = kBefore; i < 2 * kBefore; ++i) {
      Bundle bundle = sample::bundle(i);
      writer.commit(bundle);
    }
    disk::cut_power();
  }));
  return bundles_of(run);
}

TEST(PowerCut, LosesAtMostWhatWasCommittedInTheLastTwoSeconds) {
  for (const std::uint64_t call : {1U, 2U, 3U, 5U, 1'000'000U}) {
    const std::vector<std::uint64_t> found = after_power_cut(call, std::chrono::milliseconds(4500));
    EXPECT_GE(found.size(), kBefore) << "synced before";
    EXPECT_EQ(found, numbers(found.size())) << "a prefix";
  }
}

TEST(PowerCut, AtOnceLeavesAShardThatReadsAndHasNothing) {
  EXPECT_EQ(after_power_cut(1, std::chrono::milliseconds(0)), numbers(0));
}

}  // namespace
}  // namespace litebench::store
