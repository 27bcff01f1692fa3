#pragma once
// Counts the bytes of live CPU tensors, so that CPU runs have a peak memory column too.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <c10/core/Allocator.h>

#include "harness/measure/block_cache.hpp"

namespace litebench::measure {

/// LibTorch's CPU memory with a counter in front, and with large blocks kept for reuse. Counts what tensors own: neither mapped weights
/// (from_blob) nor the scratch space inside MKL and oneDNN. Thread-safe.
class CountingAllocator final : public c10::Allocator {
 public:
  /// Makes it LibTorch's CPU allocator, once per process and for good: tensors outlive whoever
  /// asked for it.
  static CountingAllocator& install();

  [[nodiscard]] std::int64_t current_bytes() const noexcept {
    return current_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t peak_bytes() const noexcept {
    return peak_.load(std::memory_order_relaxed);
  }
  /// The peak starts again from what is live now. Call while no other thread allocates.
  void reset_peak() noexcept { peak_.store(current_bytes(), std::memory_order_relaxed); }

  c10::DataPtr allocate(std::size_t bytes) override;
  [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void* to, const void* from, std::size_t bytes) const override;

 private:
  struct Header;
  void* take_block(std::size_t bytes);
  static void release(void* data);
  void add(std::int64_t bytes) noexcept;

  BlockCache blocks_;
  std::atomic<std::int64_t> current_{0};
  std::atomic<std::int64_t> peak_{0};
};

}  // namespace litebench::measure
