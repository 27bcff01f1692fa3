#pragma once
// Walks the frames of a live log from front to back, stepping over damaged places.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shards/store/frame.hpp"
#include "shards/store/log_source.hpp"

namespace litebench::store {

class LogScanner {
 public:
  explicit LogScanner(std::unique_ptr<LogSource> source);

  /// The next intact frame, valid until the next call; nothing at the end.
  std::optional<Frame> next();

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }   ///< behind the last frame
  [[nodiscard]] std::uint64_t valid() const { return damage_.empty() ? position_ : first_damage_; }
  [[nodiscard]] const std::string& damage() const { return damage_; }   ///< the first

 private:
  std::optional<Frame> frame_here();
  bool skip_to_next_frame();
  std::span<const std::byte> window(std::uint64_t offset, std::uint64_t bytes);
  void note_damage(const std::string& what);

  std::unique_ptr<LogSource> source_;
  std::uint64_t total_ = 0, position_ = 0;
  std::vector<std::byte> buffer_;
  std::uint64_t buffer_start_ = 0;
  std::string damage_;
  std::uint64_t first_damage_ = 0;
  std::uint64_t search_budget_ = 0;   ///< bytes that looking for the next frame may still hash
};

}  // namespace litebench::store
