#include "shards/store/frame.hpp"

#include <cstring>

#include "base/hash.hpp"

namespace litebench::store {
namespace {

void append(std::vector<std::byte>& out, const void* data, std::size_t size) {
  const auto* start = static_cast<const std::byte*>(data);
  out.insert(out.end(), start, start + size);
}

}  // namespace

std::uint64_t append_frame(std::vector<std::byte>& out, FrameType type, std::span<const std::byte> payload) {
  const std::size_t start = out.size();
  const FrameHeader header{kMagic, static_cast<std::uint16_t>(type), kSchema, payload.size()};
  append(out, &header, sizeof header);
  append(out, payload.data(), payload.size());
  const std::uint64_t checksum = hash64(std::span<const std::byte>(out).subspan(start));
  append(out, &checksum, sizeof checksum);
  return checksum;
}

const FrameHeader* header_at(std::span<const std::byte> data) {
  if (data.size() < sizeof(FrameHeader)) return nullptr;
  // The struct is packed, so it may lie anywhere.
  const auto* header = reinterpret_cast<const FrameHeader*>(data.data());
  return header->magic == kMagic ? header : nullptr;
}

bool read_frame(std::span<const std::byte> data, Frame& frame) {
  const FrameHeader* header = header_at(data);
  if (header == nullptr || data.size() < kFrameOverhead || header->length > data.size() - kFrameOverhead) return false;
  const std::size_t hashed = sizeof(FrameHeader) + header->length;
  std::uint64_t stored = 0;
  std::memcpy(&stored, data.data() + hashed, sizeof stored);
  if (stored != hash64(data.first(hashed))) return false;
  frame = {static_cast<FrameType>(header->type), header->schema, data.subspan(sizeof(FrameHeader), header->length),
           stored};
  return true;
}

}  // namespace litebench::store
