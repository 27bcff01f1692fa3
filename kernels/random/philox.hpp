#pragma once
// Philox4x32-10, a counter-based generator: random number i is a pure function of (key, i), so any part of a sequence can
// be made anywhere, in any order, with equal bits on every device. Salmon, Moraes, Dror, Shaw: "Parallel random numbers:
// as easy as 1, 2, 3", SC 2011. Header only: a device compiles the same text.

#include <array>
#include <cstdint>

namespace litebench::kernels {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// Four independent uniform 32-bit numbers.
constexpr PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  // Multipliers and Weyl increments of the paper; ten rounds are its recommended default.
  constexpr std::uint64_t kMultiply0 = 0xD2511F53, kMultiply1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = kMultiply0 * counter[0], product1 = kMultiply1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return counter;
}

/// Block number `index` of the sequence that belongs to a 64-bit key.
constexpr PhiloxCounter philox4x32(std::uint64_t index, std::uint64_t key) {
  return philox4x32(PhiloxCounter{static_cast<std::uint32_t>(index),
                                  static_cast<std::uint32_t>(index >> 32), 0, 0},
                    PhiloxKey{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
}

}  // namespace litebench::kernels
