#pragma once
// Frames that lie in memory, which must outlive the source.

#include "shards/store/log_source.hpp"

namespace litebench::store {

class MemoryLog : public LogSource {
 public:
  explicit MemoryLog(std::span<const std::byte> frames) : frames_(frames) {}

  [[nodiscard]] std::uint64_t size() const override { return frames_.size(); }
  void read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  std::span<const std::byte> frames_;
};

}  // namespace litebench::store
