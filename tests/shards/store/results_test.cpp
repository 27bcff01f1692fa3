#include "shards/store/results.hpp"

#include <cstring>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.hpp"

namespace litebench::store::results {
namespace {

namespace fs = std::filesystem;

class ResultsFile : public ::testing::Test {
 protected:
  ResultsFile() : folder_(fs::temp_directory_path() / ("results-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~ResultsFile() override { fs::remove_all(folder_); }
  [[nodiscard]] fs::path path() const { return folder_ / "results.h5"; }
  fs::path folder_;
};

std::vector<Image> many_images(std::int64_t count) {
  std::vector<Image> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    rows.push_back({0, i, 480, 640, {static_cast<std::uint64_t>(i), 3}});
  }
  return rows;
}

TEST_F(ResultsFile, RowsOverSeveralChunksComeBackAsTheyWere) {
  const std::vector<Image> rows = many_images(20'000);
  Writer writer(path(), {{"refcoco"}, {"refcoco/val"}});
  writer.table<Image>("images", rows);
  writer.bytes("bytes", std::as_bytes(std::span("abcdef", 6)));
  writer.finish();
  const Reader reader(path());
  const std::vector<Image> back = reader.table<Image>("images");
  ASSERT_EQ(back.size(), rows.size());
  EXPECT_EQ(std::memcmp(back.data(), rows.data(), rows.size() * sizeof(Image)), 0);
  EXPECT_EQ(reader.bytes("bytes").size(), 6U);
}

TEST_F(ResultsFile, EmptyTablesExistAndHaveNoRows) {
  Writer writer(path(), {});
  writer.table<Failure>("failures", {});
  writer.bytes("bytes", std::span<const std::byte>());
  writer.text_table("splits", std::vector<Column>{{"name", std::vector<std::string>{}}});
  writer.finish();
  const Reader reader(path());
  EXPECT_TRUE(reader.table<Failure>("failures").empty());
  EXPECT_TRUE(reader.bytes("bytes").empty());
}

TEST_F(ResultsFile, NothingAppearsBeforeFinishAndNothingStaysBehindWithoutIt) {
  {
    Writer writer(path(), {});
    writer.table<Image>("images", many_images(3));
    EXPECT_FALSE(fs::exists(path()));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(ResultsFile, AnOlderFileIsReplacedOnlyByAFinishedOne) {
  std::ofstream(path()) << "old";
  { const Writer abandoned(path(), {}); }
  EXPECT_EQ(fs::file_size(path()), 3U);
  Writer writer(path(), {});
  writer.table<Image>("images", many_images(3));
  writer.finish();
  EXPECT_EQ(Reader(path()).table<Image>("images").size(), 3U);
}

TEST_F(ResultsFile, AMissingFolderIsAnErrorOfTheDisk) {
  try {
    const Writer writer(folder_ / "missing" / "results.h5", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::io);
  }
}

TEST_F(ResultsFile, AnotherSchemaIsRefused) {
  Writer writer(path(), {});
  writer.attribute("schema", kVersion + 1);
  writer.finish();
  try {
    const Reader reader(path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
  }
}

TEST_F(ResultsFile, AFlippedBitInATableIsFoundWhenItIsRead) {
  std::string needle(4096, 'x');
  Writer writer(path(), {});
  writer.bytes("bytes", std::as_bytes(std::span(needle)));
  writer.finish();
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  const std::size_t at = content.find(needle);
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at) + 100);
  file.put('y');
  file.close();
  EXPECT_THROW((void)Reader(path()).bytes("bytes"), Error);
}

}  // namespace
}  // namespace litebench::store::results
