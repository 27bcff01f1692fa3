#include "shards/store/memory_log.hpp"

#include <algorithm>

namespace litebench::store {

void MemoryLog::read(std::uint64_t offset, std::span<std::byte> out) const {
  const auto from = frames_.subspan(offset, out.size());
  std::copy(from.begin(), from.end(), out.begin());
}

std::unique_ptr<LogSource> log_in_memory(std::span<const std::byte> frames) {
  return std::make_unique<MemoryLog>(frames);
}

}  // namespace litebench::store
