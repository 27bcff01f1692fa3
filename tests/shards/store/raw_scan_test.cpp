// Finding frames without libhdf5, and segments that need none.

#include "shards/store/raw_scan.hpp"

#include <cstring>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "shards/store/frame.hpp"
#include "shards/store/salvage.hpp"
#include "tests/shards/store/sample_shard.hpp"

namespace litebench::store {
namespace {

std::vector<std::byte> slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void spill(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// Many pieces of 64 KiB with HDF5's own records between some, and frames longer than a piece.
std::filesystem::path long_shard(const sample::Scratch& scratch, std::uint64_t bundles) {
  const auto path = scratch.path() / "shards" / "20250101T000000Z-a-1-0-r0.h5";
  ShardWriter writer(path, sample::provenance());
  for (std::uint64_t i = 0; i < bundles; ++i) {
    Bundle bundle = sample::bundle(i, i % 50 == 0 ? 250 : 3 + static_cast<int>(i % 40));
    writer.commit(bundle);
  }
  writer.close();
  return path;
}

TEST(RawScan, FindsWhatLibhdf5Reads) {
  const sample::Scratch scratch;
  constexpr std::uint64_t kBundles = 1200;
  const auto path = long_shard(scratch, kBundles);
  ASSERT_GT(std::filesystem::file_size(path), 10'000'000U);
  const std::vector<std::byte> file = slurp(path);
  const RawScan scan = scan_raw(file);
  std::vector<Bundle> found;
  const ShardContents contents =
      visit_log(log_in_memory(scan.frames), "scan", [&](Bundle&& bundle) { found.push_back(std::move(bundle)); });
  EXPECT_EQ(contents.lost_bundles, 0U);
  EXPECT_TRUE(contents.clean_end);
  ASSERT_EQ(found.size(), kBundles);
  const std::vector<Bundle> read = read_shard(path).bundles;
  ASSERT_EQ(read.size(), kBundles);
  for (std::size_t i = 0; i < kBundles; ++i) ASSERT_EQ(found[i].bytes, read[i].bytes) << i;
}

TEST(RawScan, OfBytesThatOnlyLookLikeFramesEnds) {
  std::vector<std::byte> file(400'000);
  for (std::size_t at = 0; at + sizeof(FrameHeader) <= file.size(); at += sizeof(FrameHeader)) {
    const FrameHeader header{kMagic, 16, 1, 300'000};
    std::memcpy(file.data() + at, &header, sizeof header);
  }
  EXPECT_EQ(scan_raw(file).count, 0U);
  EXPECT_EQ(scan_raw({}).count, 0U);
}

TEST(Salvage, OfAFileThatLibhdf5CannotOpenKeepsEveryRecord) {
  const sample::Scratch scratch;
  constexpr std::uint64_t kBundles = 200;
  const auto path = long_shard(scratch, kBundles);
  std::vector<std::byte> file = slurp(path);
  std::fill_n(file.begin(), 200, std::byte{0});   // HDF5's superblock
  spill(path, file);
  const ShardContents damaged = read_shard(path);
  EXPECT_EQ(damaged.bundles.size(), kBundles);
  EXPECT_NE(damaged.damage.find("libhdf5 cannot read it"), std::string::npos) << damaged.damage;

  const Salvage result = salvage(path);
  EXPECT_EQ(result.bundles, kBundles);
  EXPECT_EQ(result.lost_bundles, 0U);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(slurp(result.aside), file) << "the damaged file stays as it was";
  EXPECT_EQ(shards_of(scratch.path()), std::vector{result.saved});
  const ShardContents saved = read_shard(result.saved);
  EXPECT_EQ(saved.damage, "");
  EXPECT_EQ(saved.provenance.family, "f00d");
  ASSERT_EQ(saved.bundles.size(), kBundles);
}

TEST(Salvage, RefusesWhatIsNoShard) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a.h5";
  spill(path, {});
  EXPECT_THROW(salvage(path), Error);
  EXPECT_THROW(salvage(scratch.path() / "nowhere.h5"), Error);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Segments, TogetherHoldWhatWasCommitted) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "shards" / "a-r0.h5";
  constexpr std::uint64_t kBundles = 300;
  {
    ShardWriter writer(path, sample::provenance(), Form::segments);
    const PlannedBundle planned{.bundle_id = 5};
    writer.plan(std::span(&planned, 1));
    for (std::uint64_t i = 0; i < kBundles; ++i) {
      Bundle bundle = sample::bundle(i, 200);   // 30 MB: several segments, by their size
      writer.commit(bundle);
    }
    writer.close();
  }
  const auto segments = shards_of(scratch.path());
  EXPECT_GT(segments.size(), 3U);
  std::uint64_t bundles = 0;
  bool clean = false;
  std::size_t planned = 0;
  for (const auto& segment : segments) {
    EXPECT_EQ(segment.extension(), kSegmentSuffix);
    const ShardContents contents = read_shard(segment);
    EXPECT_EQ(contents.damage, "");
    EXPECT_EQ(contents.provenance.attempt, sample::provenance().attempt);
    for (const Bundle& bundle : contents.bundles) EXPECT_EQ(std::uint64_t{bundle.commit.bundle_id}, bundles++);
    clean = clean || contents.clean_end;
    planned += contents.plan.size();
  }
  EXPECT_EQ(bundles, kBundles);
  EXPECT_TRUE(clean);
  EXPECT_EQ(planned, 1U);
}

TEST(Segments, AreNeverWrittenTwice) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  ShardWriter first(path, sample::provenance(), Form::segments);
  EXPECT_THROW(ShardWriter(path, sample::provenance(), Form::segments), Error);
}

TEST(Form, OfALocalFolderIsALog) {
  const sample::Scratch scratch;
  EXPECT_EQ(form_for(scratch.path()), Form::log);
  EXPECT_EQ(form_for(scratch.path() / "nowhere"), Form::log);
}

}  // namespace
}  // namespace litebench::store
