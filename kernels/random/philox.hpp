#pragma once
// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a
// counter-based generator. The n-th number of a stream is a function of key and n alone, so draws
// do not depend on order, rank or thread.

#include <array>
#include <cstddef>
#include <cstdint>

namespace litebench::kernels {

/// Ten rounds; each input bit reaches all 128 output bits.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;  // golden ratio, sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = kMultiplier0 * counter[0];
    const std::uint64_t p1 = kMultiplier1 * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

/// Blocks of the counters `first`, `first` + 1, … in its word 0: word w of block b is [w][b]. Written lane by lane, so that
/// compilers make vectors of it.
template <std::size_t kBlocks>
constexpr std::array<std::array<std::uint32_t, kBlocks>, 4> philox4x32_blocks(
    std::array<std::uint32_t, 4> first, std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  std::array<std::array<std::uint32_t, kBlocks>, 4> c{};
  for (std::size_t b = 0; b < kBlocks; ++b) {
    c[0][b] = first[0] + static_cast<std::uint32_t>(b);
    c[1][b] = first[1];
    c[2][b] = first[2];
    c[3][b] = first[3];
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t b = 0; b < kBlocks; ++b) {
      const std::uint64_t p0 = kMultiplier0 * c[0][b];
      const std::uint64_t p1 = kMultiplier1 * c[2][b];
      c[0][b] = static_cast<std::uint32_t>(p1 >> 32) ^ c[1][b] ^ key[0];
      c[1][b] = static_cast<std::uint32_t>(p1);
      c[2][b] = static_cast<std::uint32_t>(p0 >> 32) ^ c[3][b] ^ key[1];
      c[3][b] = static_cast<std::uint32_t>(p0);
    }
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return c;
}

/// Block number `index` of the sequence that belongs to a 64-bit key.
constexpr std::array<std::uint32_t, 4> philox4x32(std::uint64_t index, std::uint64_t key) {
  return philox4x32(std::array<std::uint32_t, 4>{static_cast<std::uint32_t>(index),
                                                 static_cast<std::uint32_t>(index >> 32), 0, 0},
                    std::array<std::uint32_t, 2>{static_cast<std::uint32_t>(key),
                                                 static_cast<std::uint32_t>(key >> 32)});
}

/// The numbers of one stream, one after the other. Streams of different key or number are
/// independent.
class PhiloxStream {
 public:
  explicit PhiloxStream(std::uint64_t key, std::uint64_t stream = 0);

  std::uint32_t next();
  /// Uniform in 0 … n − 1, without the bias of a modulo. n ≥ 1. Takes a varying number of `next()`.
  std::uint32_t below(std::uint32_t n);
  /// Uniform in [0, 1) with 24 bits, exact in float.
  float uniform();

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;  ///< words 0, 1: block; words 2, 3: stream
  std::array<std::uint32_t, 4> block_{};
  std::uint32_t used_ = 4;  ///< numbers of `block_` handed out already
};

}  // namespace litebench::kernels
