#include "kernels/random/philox.hpp"

#include <cassert>

namespace litebench::kernels {

PhiloxStream::PhiloxStream(std::uint64_t key, std::uint64_t stream)
    : key_{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)},
      counter_{0, 0, static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)} {
}

std::uint32_t PhiloxStream::next() {
  if (used_ == block_.size()) {
    block_ = philox4x32(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }
  return block_[used_++];
}

// Lemire, "Fast random integer generation in an interval" (2019): the high half of next() * n is
// uniform once the low halves below 2^32 mod n are thrown away.
std::uint32_t PhiloxStream::below(std::uint32_t n) {
  assert(n > 0);
  const std::uint32_t threshold = (0U - n) % n;
  std::uint64_t product = 0;
  do {
    product = std::uint64_t{next()} * n;
  } while (static_cast<std::uint32_t>(product) < threshold);
  return static_cast<std::uint32_t>(product >> 32);
}

float PhiloxStream::uniform() { return static_cast<float>(next() >> 8) * 0x1p-24F; }

}  // namespace litebench::kernels
