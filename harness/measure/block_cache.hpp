#pragma once
// Large blocks of host memory that are kept for the next tensor of their size. The C library would hand them back to
// the kernel, which clears every page anew: a twentieth of a prefill.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace litebench::measure {

/// Bounded: blocks in use and blocks kept together never exceed the most that was in use at once, so a process grows no
/// larger than its peak made it anyway. Thread-safe.
class BlockCache {
 public:
  /// Blocks below this size come from the C library, which is quick with them.
  static constexpr std::size_t kSmallest = std::size_t{64} << 10;

  BlockCache() = default;
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  /// What a block of `bytes` occupies: large ones are rounded up by at most an eighth, so that similar ones can follow
  /// each other in the same memory.
  [[nodiscard]] static std::size_t capacity(std::size_t bytes);

  /// At least `capacity(bytes)` bytes, aligned as LibTorch wants it. Throws c10::Error when there is no memory.
  void* take(std::size_t bytes);
  /// `bytes` as in take().
  void give(void* block, std::size_t bytes) noexcept;

  [[nodiscard]] std::size_t kept_bytes() const;

 private:
  struct Block {
    void* data;
    std::size_t bytes;
  };
  void* find_kept(std::size_t bytes);
  /// Removes the longest kept blocks until `wanted` bytes more fit the bound; the caller frees them.
  std::vector<Block> take_surplus(std::size_t wanted);

  mutable std::mutex mutex_;
  std::vector<Block> kept_;  // the last given is the last element
  std::size_t kept_bytes_ = 0, used_ = 0, most_used_ = 0;
};

}  // namespace litebench::measure
