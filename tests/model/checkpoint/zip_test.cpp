#include "model/checkpoint/zip.hpp"

#include <cstdint>
#include <cstring>
#include <functional>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::model {
namespace {

template <class T>
void put(std::string& text, T value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

struct Options {
  bool zip64_sizes = false, zip64_end = false;
  std::uint16_t method = 0, flags = 0;
  std::string comment;
};

/// An archive written after PKWARE's APPNOTE, by code that shares nothing with the reader.
std::string archive(const std::vector<std::pair<std::string, std::string>>& entries,
                    const Options& o = {}) {
  std::string file, directory;
  for (const auto& [name, content] : entries) {
    const auto offset = static_cast<std::uint32_t>(file.size());
    const auto size = static_cast<std::uint32_t>(content.size());
    put<std::uint32_t>(file, 0x04034b50);
    file.append(22, '\0');
    put<std::uint16_t>(file, static_cast<std::uint16_t>(name.size()));
    put<std::uint16_t>(file, 7);
    file += name + "padding" + content;

    put<std::uint32_t>(directory, 0x02014b50);
    put<std::uint32_t>(directory, 0);
    put<std::uint16_t>(directory, o.flags);
    put<std::uint16_t>(directory, o.method);
    directory.append(8, '\0');
    put<std::uint32_t>(directory, o.zip64_sizes ? 0xffffffff : size);
    put<std::uint32_t>(directory, o.zip64_sizes ? 0xffffffff : size);
    put<std::uint16_t>(directory, static_cast<std::uint16_t>(name.size()));
    put<std::uint16_t>(directory, o.zip64_sizes ? 4 + 24 : 0);
    directory.append(10, '\0');
    put<std::uint32_t>(directory, o.zip64_sizes ? 0xffffffff : offset);
    directory += name;
    if (!o.zip64_sizes) continue;
    put<std::uint16_t>(directory, 1);
    put<std::uint16_t>(directory, 24);
    for (const std::uint64_t value : {size, size, offset}) put(directory, value);
  }
  const auto start = file.size();
  file += directory;
  const auto end64 = file.size();
  if (o.zip64_end) {
    put<std::uint32_t>(file, 0x06064b50);
    put<std::uint64_t>(file, 44);
    file.append(12, '\0');
    for (const std::uint64_t value : {entries.size(), entries.size(), directory.size(), start})
      put(file, value);
    put<std::uint32_t>(file, 0x07064b50);
    put<std::uint32_t>(file, 0);
    put<std::uint64_t>(file, end64);
    put<std::uint32_t>(file, 1);
  }
  put<std::uint32_t>(file, 0x06054b50);
  put<std::uint32_t>(file, 0);
  for (int i = 0; i < 2; ++i)
    put<std::uint16_t>(file, o.zip64_end ? 0xffff : static_cast<std::uint16_t>(entries.size()));
  put<std::uint32_t>(file, o.zip64_end ? 0xffffffff : static_cast<std::uint32_t>(directory.size()));
  put<std::uint32_t>(file, o.zip64_end ? 0xffffffff : static_cast<std::uint32_t>(start));
  put<std::uint16_t>(file, static_cast<std::uint16_t>(o.comment.size()));
  return file + o.comment;
}

std::vector<ZipEntry> parse(const std::string& file) {
  return parse_zip(std::as_bytes(std::span(file)), "shard.bin");
}

std::string text_of(const ZipEntry& entry) {
  return {reinterpret_cast<const char*>(entry.bytes.data()), entry.bytes.size()};
}

void expect_refused(const std::string& file, const std::string& reason) {
  try {
    parse(file);
    ADD_FAILURE() << "accepted, wanted: " << reason;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
  }
}

TEST(Zip, ReadsStoredEntriesWithAndWithoutZip64) {
  for (const bool sizes : {false, true})
    for (const bool end : {false, true})
      for (const auto* comment : {"", "a comment", "PK\5\6 looks like an end record"}) {
        const auto file =
            archive({{"a/data.pkl", "hello"}, {"a/empty", ""}, {"a/data/0", "world!"}},
                    {.zip64_sizes = sizes, .zip64_end = end, .comment = comment});
        const auto entries = parse(file);
        ASSERT_EQ(entries.size(), 3U);
        EXPECT_EQ(entries[0].name, "a/data.pkl");
        EXPECT_EQ(text_of(entries[0]), "hello");
        EXPECT_EQ(text_of(entries[1]), "");
        EXPECT_EQ(text_of(entries[2]), "world!");
      }
}

TEST(Zip, RefusesEveryTruncation) {
  for (const bool zip64 : {false, true}) {
    const auto file = archive({{"name", "content"}}, {.zip64_sizes = zip64, .zip64_end = zip64});
    for (std::size_t size = 0; size < file.size(); ++size)
      EXPECT_THROW(parse(file.substr(0, size)), Error) << size;
  }
}

TEST(Zip, RefusesWhatTorchNeverWrites) {
  expect_refused(archive({{"a", "x"}}, {.method = 8}), "entry a is compressed");
  expect_refused(archive({{"a", "x"}}, {.flags = 1}), "entry a is encrypted");
  expect_refused(archive({{"a", "x"}, {"a", "y"}}), "entry a is there twice");
  expect_refused("PK", "too short");
}

TEST(Zip, RefusesNumbersThatPointOutside) {
  const auto whole = archive({{"name", "content"}});
  const auto with = [&](std::size_t from_end, std::uint32_t value) {
    auto file = whole;
    std::memcpy(file.data() + file.size() - from_end, &value, sizeof(value));
    return file;
  };
  expect_refused(with(6, 0xfffffff0), "directory lies outside");   // directory offset
  expect_refused(with(10, 0xfffffff0), "directory lies outside");  // directory size
  expect_refused(with(12, 50 << 16 | 9),
                 "cannot hold 9 entries");  // entry count, and the size's low half
  expect_refused(with(30, 0xfffffff0),
                 "header of entry name is not where");  // the entry's offset, behind it its name
  expect_refused(with(52, 0x10000000), "two sizes");    // one of the sizes
}

}  // namespace
}  // namespace litebench::model
