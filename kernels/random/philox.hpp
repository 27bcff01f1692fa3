#pragma once
// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a
// counter-based generator. The n-th number of a stream is a function of key and n alone, so draws
// do not depend on order, rank or thread.

#include <array>
#include <cstddef>
#include <cstdint>

namespace litebench::kernels {

inline constexpr std::array<std::uint32_t, 2> kPhiloxMultipliers{0xD2511F53, 0xCD9E8D57};
inline constexpr std::array<std::uint32_t, 2> kPhiloxWeyl{0x9E3779B9,
                                                          0xBB67AE85};  // golden ratio, sqrt(3) - 1
inline constexpr int kPhiloxRounds = 10;

/// Ten rounds; each input bit reaches all 128 output bits.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{kPhiloxMultipliers[0]} * counter[0];
    const std::uint64_t p1 = std::uint64_t{kPhiloxMultipliers[1]} * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    for (std::size_t i = 0; i < key.size(); ++i) key[i] += kPhiloxWeyl[i];
  }
  return counter;
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
