#pragma once
// SHA-256 (FIPS 180-4), for tests whose reference data records only the digest of a large array.

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace litebench::test {

class Sha256 {
 public:
  static std::string hex(std::span<const std::byte> data) {
    Sha256 hash;
    std::vector<std::byte> padded(data.begin(), data.end());
    padded.push_back(std::byte{0x80});
    while (padded.size() % 64 != 56) padded.push_back(std::byte{0});
    for (int shift = 56; shift >= 0; shift -= 8) {
      padded.push_back(static_cast<std::byte>(std::uint64_t{data.size()} * 8 >> shift & 0xFF));
    }
    for (std::size_t at = 0; at < padded.size(); at += 64) hash.mix(padded.data() + at);
    std::string text;
    for (const std::uint32_t word : hash.state_) {
      for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[word >> shift & 15];
    }
    return text;
  }

  template <class T>
  static std::string hex_of(const std::vector<T>& values) {
    return hex(std::as_bytes(std::span<const T>(values)));
  }

 private:
  // The constants are the first 32 bits of the fractions of square and cube roots of the first
  // primes.
  static std::uint32_t fraction(long double root) {
    return static_cast<std::uint32_t>((root - std::floor(root)) * 4294967296.0L);
  }
  static std::array<std::uint32_t, 64> primes() {
    std::array<std::uint32_t, 64> found{};
    std::size_t count = 0;
    for (std::uint32_t n = 2; count < found.size(); ++n) {
      bool prime = true;
      for (std::size_t i = 0; i < count; ++i) prime = prime && n % found[i] != 0;
      if (prime) found[count++] = n;
    }
    return found;
  }

  Sha256() {
    const auto prime = primes();
    for (int i = 0; i < 8; ++i) state_[i] = fraction(std::sqrt(static_cast<long double>(prime[i])));
    for (int i = 0; i < 64; ++i)
      round_[i] = fraction(std::cbrt(static_cast<long double>(prime[i])));
  }

  void mix(const std::byte* block) {
    using std::rotr;
    std::uint32_t w[64];
    for (int i = 0; i < 16; ++i) {
      w[i] = 0;
      for (int b = 0; b < 4; ++b)
        w[i] = w[i] << 8 | std::to_integer<std::uint32_t>(block[i * 4 + b]);
    }
    for (int i = 16; i < 64; ++i) {
      const std::uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
      const std::uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (int i = 0; i < 64; ++i) {
      const std::uint32_t t1 =
          h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + round_[i] + w[i];
      const std::uint32_t t2 =
          (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> sum{a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i) state_[i] += sum[i];
  }

  std::array<std::uint32_t, 8> state_{};
  std::array<std::uint32_t, 64> round_{};
};

}  // namespace litebench::test
