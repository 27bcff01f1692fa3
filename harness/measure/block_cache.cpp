#include "harness/measure/block_cache.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include <c10/core/impl/alloc_cpu.h>

namespace litebench::measure {

BlockCache::~BlockCache() {
  for (const Block& block : kept_) c10::free_cpu(block.data);
}

std::size_t BlockCache::capacity(std::size_t bytes) {
  if (bytes < kSmallest) return bytes;
  const std::size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

void* BlockCache::find_kept(std::size_t bytes) {
  const auto found = std::find_if(kept_.rbegin(), kept_.rend(),
                                  [&](const Block& block) { return block.bytes == bytes; });
  if (found == kept_.rend()) return nullptr;
  void* data = found->data;
  kept_.erase(std::next(found).base());
  kept_bytes_ -= bytes;
  return data;
}

std::vector<BlockCache::Block> BlockCache::take_surplus(std::size_t wanted) {
  const std::size_t bound = std::max(most_used_, used_ + wanted);
  std::ptrdiff_t count = 0;
  while (std::cmp_less(count, kept_.size()) && used_ + wanted + kept_bytes_ > bound) {
    kept_bytes_ -= kept_[static_cast<std::size_t>(count++)].bytes;
  }
  std::vector<Block> surplus(kept_.begin(), kept_.begin() + count);
  kept_.erase(kept_.begin(), kept_.begin() + count);
  return surplus;
}

void* BlockCache::take(std::size_t bytes) {
  if (bytes < kSmallest) return c10::alloc_cpu(bytes);
  bytes = capacity(bytes);
  std::vector<Block> surplus;
  {
    const std::lock_guard lock(mutex_);
    if (void* data = find_kept(bytes); data != nullptr) {
      used_ += bytes;
      return data;
    }
    surplus = take_surplus(bytes);
  }
  for (const Block& block : surplus) c10::free_cpu(block.data);
  void* data = c10::alloc_cpu(bytes);
  const std::lock_guard lock(mutex_);
  used_ += bytes;
  most_used_ = std::max(most_used_, used_);
  return data;
}

void BlockCache::give(void* block, std::size_t bytes) noexcept {
  if (bytes < kSmallest) {
    c10::free_cpu(block);
    return;
  }
  bytes = capacity(bytes);
  try {
    const std::lock_guard lock(mutex_);
    kept_.push_back({block, bytes});
    used_ -= bytes;
    kept_bytes_ += bytes;
  } catch (...) {  // no memory for the list
    c10::free_cpu(block);
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
  }
}

std::size_t BlockCache::kept_bytes() const {
  const std::lock_guard lock(mutex_);
  return kept_bytes_;
}

}  // namespace litebench::measure
