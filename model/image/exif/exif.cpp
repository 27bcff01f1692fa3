#include "model/image/exif/exif.hpp"

#include <cstdint>
#include <cstring>
#include <optional>

namespace litebench::model {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kDirectoryEntry = 12;
constexpr std::uint32_t kOrientationTag = 0x0112;

std::uint32_t byte_at(Bytes bytes, std::size_t at) {
  return std::to_integer<std::uint32_t>(bytes[at]);
}

/// The TIFF block inside APP1; its byte order is its own.
struct Tiff {
  Bytes bytes;
  bool little_endian = false;

  [[nodiscard]] std::optional<std::uint32_t> number(std::size_t at, std::size_t size) const {
    if (at > bytes.size() || bytes.size() - at < size) return {};
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t from = little_endian ? at + size - 1 - i : at + i;
      value = value << 8 | byte_at(bytes, from);
    }
    return value;
  }
};

int orientation_in(Tiff tiff) {
  if (tiff.bytes.size() < 8) return 1;
  const std::uint32_t order = byte_at(tiff.bytes, 0) << 8 | byte_at(tiff.bytes, 1);
  if (order != 0x4949 && order != 0x4D4D) return 1;  // "II", "MM"
  tiff.little_endian = order == 0x4949;
  if (tiff.number(2, 2) != 42U) return 1;
  const std::size_t directory = *tiff.number(4, 4);
  const std::uint32_t entries = tiff.number(directory, 2).value_or(0);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kDirectoryEntry;
    const auto tag = tiff.number(entry, 2);
    const auto value =
        tiff.number(entry + 8, 2);  // a SHORT lies in the first half of the value field
    if (!tag || !value) return 1;
    if (*tag == kOrientationTag) return *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
  }
  return 1;
}

bool begins_with_exif(Bytes segment) {
  constexpr char kHeader[6] = {'E', 'x', 'i', 'f', '\0', '\0'};
  return segment.size() >= sizeof kHeader &&
         std::memcmp(segment.data(), kHeader, sizeof kHeader) == 0;
}

}  // namespace

int exif_orientation(Bytes jpeg) {
  constexpr std::uint32_t kStart = 0xD8, kScan = 0xDA, kEnd = 0xD9, kApp1 = 0xE1;
  if (jpeg.size() < 2 || byte_at(jpeg, 0) != 0xFF || byte_at(jpeg, 1) != kStart) return 1;
  std::size_t at = 2;
  while (jpeg.size() - at >= 4 && byte_at(jpeg, at) == 0xFF) {
    const std::uint32_t marker = byte_at(jpeg, at + 1);
    if (marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    if (marker == kScan || marker == kEnd) return 1;
    const std::size_t length = byte_at(jpeg, at + 2) << 8 | byte_at(jpeg, at + 3);
    if (length < 2 || jpeg.size() - at - 2 < length) return 1;
    const Bytes segment = jpeg.subspan(at + 4, length - 2);
    if (marker == kApp1 && begins_with_exif(segment)) return orientation_in({segment.subspan(6)});
    at += 2 + length;
  }
  return 1;
}

}  // namespace litebench::model
