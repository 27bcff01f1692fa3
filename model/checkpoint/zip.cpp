// Record layouts: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16
// (the three end records), 4.5.3 (zip64 extra field).

#include "model/checkpoint/zip.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_set>

#include <fmt/core.h>

#include "base/error.hpp"
#include "model/checkpoint/layout.hpp"

namespace litebench::model {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::size_t kLocalBytes = 30, kCentralBytes = 46;
constexpr std::size_t kEndBytes = 22, kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr std::size_t kMostComment = 0xffff;
constexpr std::uint32_t kIn64 = 0xffffffff;  // "look into the zip64 field"

struct Directory {
  std::uint64_t offset = 0, bytes = 0, entries = 0;
};

struct Sizes {
  std::uint64_t stored = 0, original = 0, local_header = 0;
};

class Archive {
 public:
  Archive(std::span<const std::byte> file, std::string_view name) : file_(file), name_(name) {}
  std::vector<ZipEntry> entries() const;

 private:
  [[noreturn]] void refuse(std::string_view reason) const {
    throw Error(ExitCode::data, fmt::format("{} is no usable zip archive", name_), reason,
                "download or save it again");
  }
  /// [offset, offset + bytes) lies inside the first `limit` bytes.
  static bool inside(std::uint64_t offset, std::uint64_t bytes, std::uint64_t limit) {
    return offset <= limit && bytes <= limit - offset;
  }
  template <class T>
  T at(std::uint64_t offset) const {
    return load_at<T>(file_, static_cast<std::size_t>(offset));
  }
  std::size_t find_end() const;
  std::optional<Directory> directory64(std::size_t end) const;
  Directory directory() const;
  void read_zip64(std::span<const std::byte> extra, Sizes& sizes, std::string_view entry) const;
  ZipEntry entry_at(std::uint64_t header, const Directory& directory, std::uint64_t& next) const;
  std::span<const std::byte> content(const Sizes& sizes, const Directory& directory,
                                     std::string_view entry) const;

  std::span<const std::byte> file_;
  std::string_view name_;
};

/// The end record stands before a comment whose length it knows, so the search runs backwards from the file's end.
std::size_t Archive::find_end() const {
  if (file_.size() < kEndBytes) refuse("too short");
  const std::size_t last = file_.size() - kEndBytes;
  const std::size_t first = last > kMostComment ? last - kMostComment : 0;
  for (std::size_t at_byte = last + 1; at_byte-- > first;)
    if (at<std::uint32_t>(at_byte) == kEnd &&
        at_byte + kEndBytes + at<std::uint16_t>(at_byte + 20) == file_.size())
      return at_byte;
  refuse("its end record is missing: truncated?");
}

std::optional<Directory> Archive::directory64(std::size_t end) const {
  if (end < kLocator64Bytes || at<std::uint32_t>(end - kLocator64Bytes) != kLocator64)
    return std::nullopt;
  const auto record = at<std::uint64_t>(end - kLocator64Bytes + 8);
  if (!inside(record, kEnd64Bytes, end) || at<std::uint32_t>(record) != kEnd64)
    refuse("its zip64 end record is not where it should be");
  return Directory{.offset = at<std::uint64_t>(record + 48),
                   .bytes = at<std::uint64_t>(record + 40),
                   .entries = at<std::uint64_t>(record + 32)};
}

Directory Archive::directory() const {
  const auto end = find_end();
  const auto found = directory64(end).value_or(Directory{.offset = at<std::uint32_t>(end + 16),
                                                         .bytes = at<std::uint32_t>(end + 12),
                                                         .entries = at<std::uint16_t>(end + 10)});
  if (!inside(found.offset, found.bytes, end)) refuse("its directory lies outside the file");
  if (found.entries > found.bytes / kCentralBytes)
    refuse(fmt::format("its directory of {} bytes cannot hold {} entries", found.bytes,
                       found.entries));
  return found;
}

/// Those of the three numbers that did not fit into 32 bits, in this order.
void Archive::read_zip64(std::span<const std::byte> extra, Sizes& sizes,
                         std::string_view entry) const {
  constexpr std::uint16_t kZip64Field = 1;
  for (std::size_t at_byte = 0; at_byte + 4 <= extra.size();) {
    const auto id = load_at<std::uint16_t>(extra, at_byte);
    const std::size_t length = load_at<std::uint16_t>(extra, at_byte + 2);
    if (length > extra.size() - at_byte - 4)
      refuse(fmt::format("entry {} has a malformed extra field", entry));
    auto field = extra.subspan(at_byte + 4, length);
    at_byte += 4 + length;
    if (id != kZip64Field) continue;
    for (auto* value : {&sizes.original, &sizes.stored, &sizes.local_header}) {
      if (*value != kIn64) continue;
      if (field.size() < 8) refuse(fmt::format("entry {} has a short zip64 field", entry));
      *value = load_at<std::uint64_t>(field, 0);
      field = field.subspan(8);
    }
  }
}

/// The local header repeats name and extra field with lengths of its own; only these lengths are of use.
std::span<const std::byte> Archive::content(const Sizes& sizes, const Directory& directory,
                                            std::string_view entry) const {
  const auto header = sizes.local_header;
  if (!inside(header, kLocalBytes, directory.offset) || at<std::uint32_t>(header) != kLocalHeader)
    refuse(fmt::format("the header of entry {} is not where it should be", entry));
  const auto start =
      header + kLocalBytes + at<std::uint16_t>(header + 26) + at<std::uint16_t>(header + 28);
  if (!inside(start, sizes.stored, directory.offset))
    refuse(fmt::format("entry {} lies outside the file", entry));
  return file_.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(sizes.stored));
}

ZipEntry Archive::entry_at(std::uint64_t header, const Directory& directory,
                           std::uint64_t& next) const {
  const auto limit = directory.offset + directory.bytes;
  if (!inside(header, kCentralBytes, limit) || at<std::uint32_t>(header) != kCentralHeader)
    refuse("its directory is malformed");
  const std::size_t name_bytes = at<std::uint16_t>(header + 28);
  const std::size_t extra_bytes = at<std::uint16_t>(header + 30);
  next = header + kCentralBytes + name_bytes + extra_bytes + at<std::uint16_t>(header + 32);
  if (next > limit) refuse("its directory is malformed");
  const auto* name = reinterpret_cast<const char*>(file_.data()) + header + kCentralBytes;
  ZipEntry entry{.name = std::string(name, name_bytes)};
  if ((at<std::uint16_t>(header + 8) & 1) != 0)
    refuse(fmt::format("entry {} is encrypted", entry.name));
  if (at<std::uint16_t>(header + 10) != 0)
    refuse(fmt::format("entry {} is compressed, torch.save stores", entry.name));
  Sizes sizes{.stored = at<std::uint32_t>(header + 20),
              .original = at<std::uint32_t>(header + 24),
              .local_header = at<std::uint32_t>(header + 42)};
  const auto extra_at = static_cast<std::size_t>(header) + kCentralBytes + name_bytes;
  read_zip64(file_.subspan(extra_at, extra_bytes), sizes, entry.name);
  if (sizes.stored != sizes.original) refuse(fmt::format("entry {} has two sizes", entry.name));
  entry.bytes = content(sizes, directory, entry.name);
  return entry;
}

std::vector<ZipEntry> Archive::entries() const {
  const auto found = directory();
  std::vector<ZipEntry> all;
  all.reserve(static_cast<std::size_t>(found.entries));
  std::unordered_set<std::string> names;
  auto header = found.offset;
  for (std::uint64_t i = 0; i < found.entries; ++i) {
    all.push_back(entry_at(header, found, header));
    if (!names.insert(all.back().name).second)
      refuse(fmt::format("entry {} is there twice", all.back().name));
  }
  return all;
}

}  // namespace

std::vector<ZipEntry> parse_zip(std::span<const std::byte> file, std::string_view name_for_errors) {
  return Archive(file, name_for_errors).entries();
}

}  // namespace litebench::model
