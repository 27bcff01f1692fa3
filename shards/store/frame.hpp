#pragma once
// Frames of the live log (docs/format.md): header, payload, XXH3-64 over both.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shards/store/rows.hpp"

namespace litebench::store {

static_assert(std::endian::native == std::endian::little, "the log is little-endian and written as it lies in memory");

enum class FrameType : std::uint16_t {
  start = 1, plan = 2, event = 3,
  bytes = 16,   ///< opens a bundle, also when its heap is empty
  images = 17, samples = 18, sentences = 19, expressions = 20, units = 21, tokens = 22,
  commit = 32,  ///< closes a bundle
};

inline constexpr std::uint32_t kMagic = 0x3146'424C;   // "LBF1"

struct FrameHeader {
  std::uint32_t magic;
  std::uint16_t type, schema;
  std::uint64_t length;   ///< of the payload
} __attribute__((packed));

inline constexpr std::size_t kFrameOverhead = sizeof(FrameHeader) + sizeof(std::uint64_t);

/// A frame in a buffer that the caller holds.
struct Frame {
  FrameType type{};
  std::uint16_t schema = 0;
  std::span<const std::byte> payload;
  std::uint64_t checksum = 0;

  [[nodiscard]] std::uint64_t size() const { return payload.size() + kFrameOverhead; }
};

/// Appends one frame to `out` and returns its checksum.
std::uint64_t append_frame(std::vector<std::byte>& out, FrameType type, std::span<const std::byte> payload);

/// The header at the start of `data` when it can be one: magic and enough bytes.
const FrameHeader* header_at(std::span<const std::byte> data);

/// The frame that fills the start of `data`; false when incomplete or its checksum is wrong.
bool read_frame(std::span<const std::byte> data, Frame& frame);

/// Copies the packed rows of a payload; a length that is no whole number of rows leaves `rows` empty and returns false.
template <typename Row>
bool copy_rows(std::span<const std::byte> payload, std::vector<Row>& rows) {
  if (payload.size() % sizeof(Row) != 0) return false;
  rows.resize(payload.size() / sizeof(Row));
  std::copy(payload.begin(), payload.end(), std::as_writable_bytes(std::span(rows)).begin());
  return true;
}

}  // namespace litebench::store
