#include "shards/unit/file_hashes.hpp"

#include <cstdlib>
#include <fstream>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::unit {
namespace {

using namespace std::chrono_literals;

class FileHashesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "lb-hash-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    cache = folder / "cache" / "hashes.json";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::filesystem::path write(const std::string& name, const std::string& text, std::chrono::seconds age = 1h) {
    const auto path = folder / name;
    std::ofstream(path, std::ios::trunc) << text;
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
    return path;
  }

  std::filesystem::path folder, cache;
};

TEST_F(FileHashesTest, TellFilesApartByContent) {
  const std::string block(8 << 20, 'x');
  const std::set<std::uint64_t> hashes{hash_file(write("a", "")),         hash_file(write("b", "x")),
                                       hash_file(write("c", block)),      hash_file(write("d", block + "x")),
                                       hash_file(write("e", "y" + block)), hash_file(write("f", block + block))};
  EXPECT_EQ(hashes.size(), 6U);
  EXPECT_EQ(hash_file(folder / "b"), hash_file(write("g", "x")));
  EXPECT_THROW(hash_file(folder / "missing"), Error);
  EXPECT_THROW(hash_file(folder), Error) << "a folder";
}

TEST_F(FileHashesTest, AreRememberedUntilTheFileChanges) {
  const auto path = write("weights", "one");
  std::uint64_t first = 0;
  {
    FileHashes hashes(cache);
    first = hashes.of(path);
    EXPECT_EQ(hashes.of(path), first);
    EXPECT_EQ(hashes.hashed(), 1U);
  }
  {
    FileHashes hashes(cache);
    EXPECT_EQ(hashes.of(path), first);
    EXPECT_EQ(hashes.hashed(), 0U) << "from the cache file";
  }
  write("weights", "two", 30min);
  FileHashes hashes(cache);
  EXPECT_NE(hashes.of(path), first);
  EXPECT_EQ(hashes.hashed(), 1U);
}

TEST_F(FileHashesTest, OfFilesWrittenJustNowAreNotRemembered) {
  const auto path = write("young", "one", 0s);
  { FileHashes(cache).of(path); }
  FileHashes hashes(cache);
  hashes.of(path);
  EXPECT_EQ(hashes.hashed(), 1U);
}

TEST_F(FileHashesTest, DoWithoutACacheThatIsDamagedOrUnwritable) {
  const auto path = write("file", "text");
  std::filesystem::create_directories(cache.parent_path());
  for (const char* damaged : {"", "[]", "{\"x\": 1}", "{\"x\": {\"size\": \"no\"}}", "not JSON"}) {
    std::ofstream(cache, std::ios::trunc) << damaged;
    EXPECT_EQ(FileHashes(cache).of(path), hash_file(path)) << damaged;
  }
  write("blocked", "a file where a folder is wanted");
  EXPECT_EQ(FileHashes(folder / "blocked" / "hashes.json").of(path), hash_file(path));
  EXPECT_EQ(FileHashes("").of(path), hash_file(path));
}

TEST_F(FileHashesTest, OfSeveralFilesDependOnNamesAndOrder) {
  const std::vector<std::filesystem::path> files{write("a", "1"), write("b", "2")};
  const std::vector<std::filesystem::path> swapped{files[1], files[0]};
  const std::vector<std::filesystem::path> renamed{write("c", "1"), files[1]};
  FileHashes hashes("");
  EXPECT_NE(hashes.of_all(files), hashes.of_all(swapped));
  EXPECT_NE(hashes.of_all(files), hashes.of_all(renamed));
}

TEST_F(FileHashesTest, KeepTheirCacheWhereTheEnvironmentSays) {
  const char* before = std::getenv("XDG_CACHE_HOME");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(FileHashes::default_cache(), "/somewhere/litebench/hashes.json");
  ::unsetenv("XDG_CACHE_HOME");
  if (before != nullptr) ::setenv("XDG_CACHE_HOME", kept.c_str(), 1);
}

}  // namespace
}  // namespace litebench::unit
