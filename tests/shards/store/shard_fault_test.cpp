// Kills, truncation, bit flips, full disks and readers beside a live writer.

#include <chrono>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/error.hpp"
#include "tests/shards/store/child.hpp"
#include "tests/shards/store/sample_shard.hpp"

namespace litebench::store {
namespace {

using std::chrono::microseconds;

std::vector<char> slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void spill(const std::filesystem::path& path, std::span<const char> data) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(data.data(), static_cast<std::streamsize>(data.size()));
}

void write_bundles(const std::filesystem::path& path, std::uint64_t count) {
  ShardWriter writer(path, sample::provenance());
  for (std::uint64_t i = 0; i < count; ++i) {
    Bundle bundle = sample::bundle(i);
    writer.commit(bundle);
  }
}

/// Bundles are right when each holds what its number says.
void expect_right(const ShardContents& contents) {
  for (const Bundle& bundle : contents.bundles) {
    ASSERT_EQ(bundle.expressions.size(), 3U);
    const auto mask = bundle.get(bundle.expressions[1].mask);
    ASSERT_EQ(std::string(reinterpret_cast<const char*>(mask.data()), mask.size()),
              sample::mark(bundle.commit.bundle_id));
  }
}

/// Writes bundles for ever, telling the number of each one after its commit returned.
[[noreturn]] void write_and_tell(const std::filesystem::path& path, int pipe) {
  ShardWriter writer(path, sample::provenance());
  for (std::uint64_t i = 0;; ++i) {
    Bundle bundle = sample::bundle(i);
    writer.commit(bundle);
    if (::write(pipe, &i, sizeof i) != sizeof i) ::_exit(1);
  }
}

TEST(KilledWriter, LosesNoAcknowledgedBundle) {
  const sample::Scratch scratch;
  std::mt19937 random(17);
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 40; ++round) {
    const auto path = scratch.path() / fmt::format("a{}-r0.h5", round);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t pid = sample::start_child([&]() -> int { write_and_tell(path, ends[1]); });
    ::close(ends[1]);
    std::uint64_t number = 0;
    std::uint64_t told = 0;
    ASSERT_EQ(::read(ends[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));
    told = 1;
    std::this_thread::sleep_for(microseconds(random() % 20'000));
    ::kill(pid, SIGKILL);
    EXPECT_EQ(sample::wait_child(pid), -SIGKILL);
    while (::read(ends[0], &number, sizeof number) == static_cast<ssize_t>(sizeof number)) ++told;
    ::close(ends[0]);
    const ShardContents contents = read_shard(path);
    EXPECT_GE(contents.bundles.size(), told);
    EXPECT_LE(contents.bundles.size(), told + 1);
    EXPECT_FALSE(contents.clean_end);
    expect_right(contents);
    acknowledged += told;
  }
  RecordProperty("acknowledged", static_cast<int>(acknowledged));
}

TEST(KilledWriter, LeavesNothingOrAWholeStartRecord) {
  const sample::Scratch scratch;
  std::mt19937 random(3);
  for (int round = 0; round < 30; ++round) {
    const auto run = scratch.path() / std::to_string(round);
    const pid_t pid = sample::start_child([&]() -> int {
      write_bundles(run / "shards" / "a-r0.h5", 1);
      return 0;
    });
    std::this_thread::sleep_for(microseconds(random() % 4'000));
    ::kill(pid, SIGKILL);
    sample::wait_child(pid);
    for (const auto& shard : shards_of(run)) EXPECT_EQ(read_shard(shard).provenance.family, "f00d");
  }
}

TEST(LiveShard, IsReadWhileItGrows) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t pid = sample::start_child([&]() -> int { write_and_tell(path, ends[1]); });
  ::close(ends[1]);
  std::uint64_t number = 0;
  std::size_t before = 0;
  for (int look = 0; look < 25; ++look) {
    // Whatever was told before the look must be in it.
    ASSERT_EQ(::read(ends[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));
    const ShardContents contents = read_shard(path);
    EXPECT_GT(contents.bundles.size(), number);
    EXPECT_GE(contents.bundles.size(), before);
    before = contents.bundles.size();
    expect_right(contents);
  }
  ::kill(pid, SIGKILL);
  sample::wait_child(pid);
  ::close(ends[0]);
}

TEST(TruncatedShard, NeverCrashesTheReader) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  ASSERT_EQ(sample::wait_child(sample::start_child([&]() -> int {
              write_bundles(path, 12);
              return 0;
            })),
            0);
  const std::vector<char> whole = slurp(path);
  const auto cut = scratch.path() / "cut.h5";
  constexpr std::size_t kTail = 6000;
  constexpr std::size_t kPerChild = 500;
  ASSERT_GT(whole.size(), kTail);
  for (std::size_t start = 0; start < kTail; start += kPerChild) {
    const int code = sample::wait_child(sample::start_child([&]() -> int {
      for (std::size_t lost = start; lost < start + kPerChild; ++lost) {
        spill(cut, std::span(whole).first(whole.size() - lost));
        try {
          const ShardContents contents = read_shard(cut);
          if (contents.bundles.size() > 12) return 1;
        } catch (const Error&) {
        }
      }
      return 0;
    }));
    EXPECT_EQ(code, 0) << "with " << start << " bytes or more cut off";
  }
}

TEST(DamagedShard, LosesTheBundleThatWasHitAndNoOther) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  constexpr std::uint64_t kBundles = 60;
  write_bundles(path, kBundles);
  const std::vector<char> whole = slurp(path);
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    const std::uint64_t victim = random() % kBundles;
    const std::string text = sample::mark(victim);
    const auto found = std::search(whole.begin(), whole.end(), text.begin(), text.end());
    // A text may lie across two chunks of the file and is then not found in one piece.
    if (found == whole.end()) continue;
    std::vector<char> damaged = whole;
    damaged[static_cast<std::size_t>(found - whole.begin()) + random() % text.size()] ^=
        static_cast<char>(1 << random() % 8);
    spill(path, damaged);
    const ShardContents contents = read_shard(path);
    EXPECT_EQ(contents.bundles.size(), kBundles - 1);
    EXPECT_EQ(contents.lost_bundles, 1U);
    EXPECT_NE(contents.damage, "");
    for (const Bundle& bundle : contents.bundles) EXPECT_NE(std::uint64_t{bundle.commit.bundle_id}, victim);
    expect_right(contents);
  }
}

TEST(DamagedShard, IsRejectedOrReadRightWhereverTheFlipIs) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  write_bundles(path, 20);
  const std::vector<char> whole = slurp(path);
  const int code = sample::wait_child(sample::start_child([&]() -> int {
    std::mt19937 random(7);
    for (int round = 0; round < 1500; ++round) {
      std::vector<char> damaged = whole;
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
      spill(path, damaged);
      try {
        const ShardContents contents = read_shard(path);
        if (contents.bundles.size() > 20) return 1;
        for (const Bundle& bundle : contents.bundles) {
          const Bundle expected = sample::bundle(bundle.commit.bundle_id);
          if (bundle.bytes != expected.bytes || bundle.units.size() != 3) return 2;
        }
      } catch (const Error&) {
      }
    }
    return 0;
  }, 120));
  EXPECT_EQ(code, 0);
}

/// Commits until the disk refuses; tells how many went through and whether the error was the right one.
int fill_disk(const std::filesystem::path& path, int pipe) {
  ShardWriter writer(path, sample::provenance());
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    Bundle bundle = sample::bundle(i, 3);
    try {
      writer.commit(bundle);
    } catch (const Error& error) {
      if (error.code() != ExitCode::io) return 2;
      if (std::string(error.what()).find("free space") == std::string::npos) return 3;
      try {
        writer.commit(bundle);
        return 4;
      } catch (const Error&) {
      }
      return ::write(pipe, &i, sizeof i) == sizeof i ? 0 : 5;
    }
  }
  return 6;
}

void expect_survives_full_disk(const std::filesystem::path& path, const std::function<void()>& limit) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t pid = sample::start_child([&]() -> int {
    limit();
    const int code = fill_disk(path, ends[1]);
    ::exit(code);   // through HDF5's own clean-up at exit, which must not hang
  });
  EXPECT_EQ(sample::wait_child(pid), 0);
  std::uint64_t committed = 0;
  ASSERT_EQ(::read(ends[0], &committed, sizeof committed), static_cast<ssize_t>(sizeof committed));
  ::close(ends[0]);
  ::close(ends[1]);
  const ShardContents contents = read_shard(path);
  EXPECT_GT(committed, 10U);
  EXPECT_EQ(contents.bundles.size(), committed);
  expect_right(contents);
}

TEST(FullDisk, IsAnErrorAndKeepsEarlierCommits) {
  const sample::Scratch scratch;
  for (const rlim_t limit : {200'000U, 300'001U, 400'123U, 500'999U}) {
    expect_survives_full_disk(scratch.path() / fmt::format("a{}-r0.h5", limit), [limit] {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit bytes{limit, limit};
      ::setrlimit(RLIMIT_FSIZE, &bytes);
    });
  }
}

TEST(FullDisk, OnARealFileSystemKeepsEarlierCommits) {
  const sample::Scratch scratch;
  const auto mount_point = scratch.path() / "small";
  std::filesystem::create_directory(mount_point);
  if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "no right to mount";
  expect_survives_full_disk(mount_point / "a-r0.h5", [] {});
  ::umount2(mount_point.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace litebench::store
