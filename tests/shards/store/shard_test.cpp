// What is written is read back; files that are no shards are refused.

#include <fstream>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "shards/store/frame.hpp"
#include "shards/store/h5.hpp"
#include "tests/shards/store/sample_shard.hpp"

namespace litebench::store {
namespace {

ExitCode code_of(const std::function<void()>& act, std::string* text = nullptr) {
  try {
    act();
  } catch (const Error& error) {
    if (text != nullptr) *text = error.what();
    return error.code();
  }
  return ExitCode::complete;
}

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Shard, ReturnsEveryFieldThatWasWritten) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "shards" / "a-r0.h5";
  Bundle written = sample::bundle(4);
  {
    ShardWriter writer(path, sample::provenance());
    const PlannedBundle planned{4, Pass::latency, 0, 0, 0, 1004, 1, 3, 3};
    writer.plan(std::span(&planned, 1));
    writer.event(Event::note, "half way");
    writer.commit(written);
    writer.close();
  }
  const ShardContents contents = read_shard(path);
  EXPECT_TRUE(contents.clean_end);
  EXPECT_EQ(contents.damage, "");
  EXPECT_EQ(contents.valid_bytes, contents.total_bytes);
  EXPECT_EQ(contents.provenance.attempt, "20250101T000000Z-host-1-0");
  EXPECT_EQ(contents.provenance.pack_parts, sample::provenance().pack_parts);
  EXPECT_EQ(contents.provenance.variants, sample::provenance().variants);
  EXPECT_EQ(contents.provenance.environment[0].second.substr(0, 5), "a\"b\\c");
  ASSERT_EQ(contents.plan.size(), 1U);
  EXPECT_EQ(contents.plan[0].image_id, 1004);
  ASSERT_EQ(contents.events.size(), 2U);
  EXPECT_EQ(contents.events[0].text, "half way");
  ASSERT_EQ(contents.bundles.size(), 1U);
  const Bundle& read = contents.bundles[0];
  EXPECT_EQ(read.commit.checksum, written.commit.checksum);
  EXPECT_EQ(read.commit.expressions, 3);
  EXPECT_EQ(read.bytes, written.bytes);
  EXPECT_EQ(std::memcmp(read.units.data(), written.units.data(), sizeof(UnitRow) * 3), 0);
  EXPECT_EQ(text(read.get(read.expressions[2].mask)), sample::mark(4));
}

TEST(Shard, HoldsBundlesLargerThanAChunkAndEmptyOnes) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  ShardWriter writer(path, sample::provenance());
  Bundle large = sample::bundle(1, 20'000);
  Bundle empty;
  empty.commit.bundle_id = 2;
  writer.commit(large);
  writer.commit(empty);
  writer.close();
  const ShardContents contents = read_shard(path);
  ASSERT_EQ(contents.bundles.size(), 2U);
  EXPECT_EQ(contents.bundles[0].units.size(), 20'000U);
  EXPECT_EQ(contents.bundles[1].commit.bundle_id, 2U);
  EXPECT_TRUE(contents.bundles[1].bytes.empty());
}

TEST(Shard, LiesInItsFileWhereItsChunksAreSaidToLie) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5", packed = scratch.path() / "b-r0.h5";
  Bundle large = sample::bundle(1, 2'000);
  {
    ShardWriter writer(path, sample::provenance());
    writer.commit(large);
    writer.close();
  }
  const h5::File file = h5::File::open(path);
  const h5::DataSet log = file.dataset("log");
  const std::vector<std::byte> bytes = log.read_packed();   // through libhdf5
  const std::vector<std::uint64_t> places = log.chunk_addresses(1000);
  ASSERT_EQ(places.size(), (bytes.size() + log.chunk_size() - 1) / log.chunk_size());
  ASSERT_GT(places.size(), 3U);
  std::ifstream raw(path, std::ios::binary);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t begin = i * log.chunk_size();
    std::string chunk(std::min<std::size_t>(log.chunk_size(), bytes.size() - begin), '\0');
    raw.seekg(static_cast<std::streamoff>(places[i]));
    raw.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    EXPECT_EQ(chunk, text(std::span(bytes).subspan(begin, chunk.size()))) << i;
  }
  EXPECT_TRUE(log.chunk_addresses(3).empty());
  // Compressed by somebody: no byte of it lies in the file as it is, and it is read all the same.
  {
    h5::File copy = h5::File::create(packed);
    const h5::RecordType byte = h5::RecordType::scalar(h5::Scalar::u8);
    h5::DataSet same = copy.create("log", byte, h5::Storage::compressed(65'536));
    same.append(byte, std::span<const std::byte>(bytes));
    EXPECT_TRUE(same.chunk_addresses(1000).empty());
  }
  const ShardContents contents = read_shard(packed);
  EXPECT_EQ(contents.damage, "");
  ASSERT_EQ(contents.bundles.size(), 1U);
  EXPECT_EQ(contents.bundles[0].commit.checksum, read_shard(path).bundles.at(0).commit.checksum);
}

TEST(Shard, KeepsOnlyCommitsWhenAskedFor) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  ShardWriter writer(path, sample::provenance());
  for (std::uint64_t i = 0; i < 10; ++i) {
    Bundle bundle = sample::bundle(i);
    writer.commit(bundle);
  }
  writer.close();
  const ShardContents contents = read_shard(path, Rows::commits_only);
  ASSERT_EQ(contents.bundles.size(), 10U);
  EXPECT_EQ(contents.bundles[9].commit.units, 3);
  EXPECT_TRUE(contents.bundles[9].units.empty());
}

TEST(Shard, IsNeverWrittenOverAnotherFile) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  ShardWriter first(path, sample::provenance());
  std::string message;
  EXPECT_EQ(code_of([&] { ShardWriter second(path, sample::provenance()); }, &message), ExitCode::io);
  EXPECT_NE(message.find("a-r0.h5"), std::string::npos) << message;
  Bundle bundle = sample::bundle(1);
  first.commit(bundle);
  first.close();
  EXPECT_EQ(read_shard(path).bundles.size(), 1U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1) << "the second left a file behind";
}

TEST(Shard, CannotBeMadeInAFolderThatIsAFile) {
  const sample::Scratch scratch;
  std::ofstream(scratch.path() / "file") << "x";
  EXPECT_EQ(code_of([&] { ShardWriter writer(scratch.path() / "file" / "a.h5", sample::provenance()); }), ExitCode::io);
}

TEST(Shard, RefusesFilesThatAreNoShards) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "x.h5";
  EXPECT_EQ(code_of([&] { read_shard(path); }), ExitCode::io) << "missing";
  std::ofstream(path) << "no HDF5 at all";
  EXPECT_EQ(code_of([&] { read_shard(path); }), ExitCode::data) << "text";
  std::ofstream(path, std::ios::trunc).flush();
  EXPECT_EQ(code_of([&] { read_shard(path); }), ExitCode::data) << "empty";
  std::filesystem::remove(path);
  h5::File::create(path).close();
  EXPECT_EQ(code_of([&] { read_shard(path); }), ExitCode::data) << "HDF5 without a log";
}

TEST(Shard, OfAnotherSchemaIsRefusedWithBothNumbers) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "x.h5";
  std::vector<std::byte> log;
  append_frame(log, FrameType::start, std::as_bytes(std::span("{}")));
  FrameHeader header{};
  std::memcpy(&header, log.data(), sizeof header);
  header.schema = 99;
  std::memcpy(log.data(), &header, sizeof header);
  const std::uint64_t checksum = hash64(std::span<const std::byte>(log).first(log.size() - 8));
  std::memcpy(log.data() + log.size() - 8, &checksum, 8);
  auto file = h5::File::create(path);
  const auto byte = h5::RecordType::scalar(h5::Scalar::u8);
  auto data = file.create("log", byte, {});
  data.append(byte, std::span<const std::byte>(log));
  file.close();
  std::string message;
  EXPECT_EQ(code_of([&] { read_shard(path); }, &message), ExitCode::data);
  EXPECT_NE(message.find("schema 99, this program reads 1"), std::string::npos) << message;
}

TEST(Shard, ListSkipsUnpublishedAndForeignFiles) {
  const sample::Scratch scratch;
  EXPECT_TRUE(shards_of(scratch.path()).empty());
  std::filesystem::create_directories(scratch.path() / "shards");
  for (const char* name : {"b-r0.h5", "a-r1.h5", ".new-c-r0.h5", "notes.txt"}) {
    std::ofstream(scratch.path() / "shards" / name) << "x";
  }
  const auto found = shards_of(scratch.path());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].filename(), "a-r1.h5");
}

TEST(Bundle, RefusesSlicesOutsideItsBytes) {
  Bundle bundle;
  const Bytes inside = bundle.put("abc");
  EXPECT_EQ(text(bundle.get(inside)), "abc");
  EXPECT_EQ(code_of([&] { static_cast<void>(bundle.get({2, 2})); }), ExitCode::data);
  EXPECT_EQ(code_of([&] { static_cast<void>(bundle.get({~std::uint64_t{0}, 2})); }), ExitCode::data);
}

}  // namespace
}  // namespace litebench::store
