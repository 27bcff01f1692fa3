#include "shards/store/log_scanner.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"

namespace litebench::store {
namespace {

constexpr std::uint64_t kWindow = 4 << 20;
constexpr std::uint64_t kSearch = 64 << 10;   // small beside kWindow, so that searching rarely reads again

}  // namespace

LogScanner::LogScanner(std::unique_ptr<LogSource> source)
    : source_(std::move(source)), total_(source_->size()), damage_(source_->damage()) {
  if (!damage_.empty()) first_damage_ = total_;   // what was found is whole; what is missing is not in it
  // A hostile file could start a "frame" at every byte; four passes over the log are enough for any honest damage.
  search_budget_ = 4 * total_;
}

std::span<const std::byte> LogScanner::window(std::uint64_t offset, std::uint64_t bytes) {
  bytes = std::min(bytes, total_ - offset);
  const bool inside = offset >= buffer_start_ && offset + bytes <= buffer_start_ + buffer_.size();
  if (!inside) {
    buffer_.resize(std::min(std::max(bytes, kWindow), total_ - offset));
    buffer_start_ = offset;
    source_->read(offset, buffer_);
  }
  return std::span<const std::byte>(buffer_).subspan(offset - buffer_start_, bytes);
}

std::optional<Frame> LogScanner::frame_here() {
  const FrameHeader* header = header_at(window(position_, sizeof(FrameHeader)));
  if (header == nullptr || header->length > total_ - position_) return std::nullopt;
  Frame frame;
  if (!read_frame(window(position_, header->length + kFrameOverhead), frame)) return std::nullopt;
  return frame;
}

void LogScanner::note_damage(const std::string& what) {
  if (!damage_.empty()) return;
  damage_ = what;
  first_damage_ = position_;
}

/// Moves to the next place behind position_ where a whole frame with a right checksum begins.
bool LogScanner::skip_to_next_frame() {
  std::array<std::byte, sizeof kMagic> magic{};
  std::memcpy(magic.data(), &kMagic, sizeof kMagic);
  for (++position_; position_ + kFrameOverhead <= total_;) {
    const auto here = window(position_, kSearch);
    const auto found = std::search(here.begin(), here.end(), magic.begin(), magic.end());
    const auto distance = static_cast<std::uint64_t>(found - here.begin());
    if (found == here.end()) {
      // The magic may straddle two windows.
      position_ += here.size() - std::min(here.size() - 1, magic.size() - 1);
      continue;
    }
    position_ += distance;
    const FrameHeader* header = header_at(window(position_, sizeof(FrameHeader)));
    const std::uint64_t length = header != nullptr ? header->length : total_;
    if (length <= total_ - position_) {
      if (length > search_budget_) return false;
      search_budget_ -= length;
      if (frame_here()) return true;
    }
    ++position_;
  }
  return false;
}

std::optional<Frame> LogScanner::next() {
  if (position_ >= total_) return std::nullopt;
  try {
    std::optional<Frame> frame = frame_here();
    if (!frame) {
      note_damage(fmt::format("no intact record at byte {} of {}", position_, total_));
      if (skip_to_next_frame()) frame = frame_here();
    }
    if (frame) {
      position_ += frame->size();
      return frame;
    }
  } catch (const Error& error) {
    note_damage(error.what());
  }
  position_ = total_;
  return std::nullopt;
}

}  // namespace litebench::store
