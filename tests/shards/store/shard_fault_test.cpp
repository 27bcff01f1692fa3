// Kills, truncation, bit flips, full disks and readers beside a live writer.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/error.hpp"
#include "shards/store/raw_scan.hpp"
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

/// Where the frames of bundles lie in a file whose log is one piece, found without the reader: [first, end) per bundle.
struct Layout {
  struct Range { std::size_t first, end; };
  Range start{};
  std::vector<Range> bundles;
};

Layout layout_of(std::span<const char> file) {
  Layout layout;
  constexpr std::string_view kWord = "LBF1";
  std::size_t at = static_cast<std::size_t>(std::search(file.begin(), file.end(), kWord.begin(), kWord.end()) - file.begin());
  std::size_t first = 0;
  while (at + 24 <= file.size() && std::string_view(file.data() + at, 4) == kWord) {
    std::uint16_t type = 0;
    std::uint64_t length = 0;
    std::memcpy(&type, file.data() + at + 4, sizeof type);
    std::memcpy(&length, file.data() + at + 8, sizeof length);
    const std::size_t end = at + 24 + length;
    if (type == 1) layout.start = {at, end};
    if (type == 16) first = at;
    if (type == 32) layout.bundles.push_back({first, end});
    at = end;
  }
  return layout;
}

constexpr std::uint64_t kOnePiece = 12;   // bundles that fit into 64 KiB

/// A number of rounds; LITEBENCH_ROUNDS: more of them than the tests have time for.
int rounds(int usual) {
  const char* wanted = std::getenv("LITEBENCH_ROUNDS");
  return wanted != nullptr ? std::atoi(wanted) : usual;
}

/// The same reading without libhdf5 and without a file.
std::vector<Bundle> bundles_in(std::span<const char> file) {
  std::vector<Bundle> bundles;
  const RawScan scan = scan_raw(std::as_bytes(file));
  visit_log(log_in_memory(scan.frames), "memory", [&](Bundle&& bundle) { bundles.push_back(std::move(bundle)); });
  return bundles;
}

TEST(TruncatedShard, GivesEveryBundleInFrontOfTheCutWhereverItIs) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  ASSERT_EQ(sample::wait_child(sample::start_child([&]() -> int {
              write_bundles(path, kOnePiece);
              return 0;
            })),
            0);
  const std::vector<char> whole = slurp(path);
  const Layout layout = layout_of(whole);
  ASSERT_EQ(layout.bundles.size(), kOnePiece);
  const auto cut = scratch.path() / "cut.h5";
  constexpr std::size_t kTail = 6000;
  const std::size_t end = layout.bundles.back().end;
  const std::size_t step = std::max<std::size_t>(1, kTail / static_cast<std::size_t>(rounds(120)));
  const int code = sample::wait_child(sample::start_child([&]() -> int {
    for (std::size_t lost = 0; lost <= kTail; ++lost) {
      const std::size_t left = end - lost;
      const auto whole_bundles = std::count_if(layout.bundles.begin(), layout.bundles.end(),
                                               [&](const Layout::Range& range) { return range.end <= left; });
      if (std::cmp_not_equal(bundles_in(std::span(whole).first(left)).size(), whole_bundles)) return 3;
      if (lost % step != 0) continue;
      spill(cut, std::span(whole).first(left));
      const ShardContents contents = read_shard(cut);
      if (std::cmp_not_equal(contents.bundles.size(), whole_bundles)) return 1;
      if (lost > 0 && contents.damage.empty()) return 2;
    }
    return 0;
  }, static_cast<unsigned>(std::max(600, rounds(120)))));
  EXPECT_EQ(code, 0);
}

TEST(TruncatedShard, WithoutItsStartIsAnError) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  write_bundles(path, 2);
  const std::vector<char> whole = slurp(path);
  const std::size_t end = layout_of(whole).start.end;
  for (const std::size_t left : {std::size_t{0}, std::size_t{1}, std::size_t{500}, end / 2, end - 1}) {
    spill(path, std::span(whole).first(left));
    EXPECT_THROW(read_shard(path), Error) << left;
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

/// One bit anywhere in the file: the bundle that has it is rejected, every other one is read, and what HDF5 keeps for
/// itself costs none.
TEST(DamagedShard, LosesExactlyWhatAFlippedBitLiesIn) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  write_bundles(path, kOnePiece);
  const std::vector<char> whole = slurp(path);
  const Layout layout = layout_of(whole);
  ASSERT_EQ(layout.bundles.size(), kOnePiece);
  std::mt19937 random(7);
  for (int round = 0; round < rounds(200); ++round) {
    const std::size_t at = random() % whole.size();
    std::vector<char> damaged = whole;
    damaged[at] ^= static_cast<char>(1 << random() % 8);
    spill(path, damaged);
    const auto inside = [at](const Layout::Range& range) { return range.first <= at && at < range.end; };
    if (inside(layout.start)) {
      EXPECT_THROW(read_shard(path), Error) << at;
      continue;
    }
    const bool hit = std::any_of(layout.bundles.begin(), layout.bundles.end(), inside);
    const ShardContents contents = read_shard(path);
    ASSERT_EQ(contents.bundles.size(), kOnePiece - (hit ? 1 : 0)) << "bit flipped in byte " << at;
    expect_right(contents);
  }
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

TEST(FullDisk, IsAnErrorAndKeepsEarlierCommitsAtFiftyRandomPoints) {
  const sample::Scratch scratch;
  std::mt19937 random(23);
  for (int round = 0; round < 50; ++round) {
    const rlim_t limit = 150'000 + random() % 500'000;
    expect_survives_full_disk(scratch.path() / fmt::format("a{}-r0.h5", round), [limit] {
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
