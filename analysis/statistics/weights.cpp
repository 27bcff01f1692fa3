#include "analysis/statistics/weights.hpp"

#include "kernels/clones.hpp"
#include "kernels/random/philox.hpp"

#ifdef LITEBENCH_CLONES
#include <immintrin.h>
#endif

namespace litebench::analysis {
namespace {

constexpr std::uint32_t kStreamPoisson = 1, kStreamCoin = 2;
constexpr std::size_t kBlocks = kTile / 4;  // Philox blocks of four words

/// P(Poisson(1) <= k) × 2^32, rounded; beyond k = 12 less than one in 2^32 is left.
constexpr std::array<std::uint32_t, 13> kPoisson{
    1580030169, 3160060337, 3950075422, 4213413783, 4279248374, 4292415292, 4294609778,
    4294923276, 4294962463, 4294966817, 4294967253, 4294967292, 4294967295};

using Counter = std::array<std::uint32_t, 4>;
using Halves = std::array<std::uint32_t, 2>;

Halves halves_of(std::uint64_t value) {
  return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
}

// Draw 4 b + w is how many of kPoisson word w of block b reaches.
#ifdef LITEBENCH_CLONES
/// Low and high words of the products of eight 32-bit numbers with one.
struct Products {
  __m256i low, high;
};

__attribute__((target("avx2"), always_inline)) inline Products product(__m256i a, __m256i b) {
  constexpr int kOdd = 0b10101010;
  const __m256i even = _mm256_mul_epu32(a, b);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), b);
  return {_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), kOdd),
          _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, kOdd)};
}

__attribute__((target("avx2"), always_inline)) inline __m256i all_lanes(std::uint32_t word) {
  return _mm256_set1_epi32(static_cast<int>(word));
}

/// How many of the numbers `first` … of kPoisson each word reaches. AVX2 compares with signs, hence the exchanged highest bits.
__attribute__((target("avx2"), always_inline)) inline __m256i reached(__m256i words,
                                                                      std::size_t first,
                                                                      std::size_t last) {
  constexpr std::uint32_t kSign = 0x80000000;
  const __m256i exchanged = _mm256_xor_si256(words, all_lanes(kSign));
  __m256i count = _mm256_setzero_si256();
  for (std::size_t i = first; i < last; ++i) {
    const __m256i below = all_lanes((kPoisson[i] - 1) ^ kSign);
    count = _mm256_sub_epi32(count, _mm256_cmpgt_epi32(exchanged, below));
  }
  return count;
}

__attribute__((target("avx2"))) void poisson_weights(const Counter& first, Halves key,
                                                     std::uint8_t* out) {
  const __m256i multiplier0 = all_lanes(kernels::kPhiloxMultipliers[0]);
  const __m256i multiplier1 = all_lanes(kernels::kPhiloxMultipliers[1]);
  __m256i word[4] = {
      _mm256_add_epi32(all_lanes(first[0]), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
      all_lanes(first[1]), all_lanes(first[2]), all_lanes(first[3])};
  for (int round = 0; round < kernels::kPhiloxRounds; ++round) {
    const Products p0 = product(word[0], multiplier0), p1 = product(word[2], multiplier1);
    word[0] = _mm256_xor_si256(_mm256_xor_si256(p1.high, word[1]), all_lanes(key[0]));
    word[1] = p1.low;
    word[2] = _mm256_xor_si256(_mm256_xor_si256(p0.high, word[3]), all_lanes(key[1]));
    word[3] = p0.low;
    for (std::size_t i = 0; i < 2; ++i) key[i] += kernels::kPhiloxWeyl[i];
  }
  constexpr std::size_t kUsual = 7;
  __m256i count[4], most = _mm256_setzero_si256();
  for (std::size_t w = 0; w < 4; ++w) {
    count[w] = reached(word[w], 0, kUsual);
    most = _mm256_or_si256(most, _mm256_cmpeq_epi32(count[w], all_lanes(kUsual)));
  }
  if (_mm256_testz_si256(most, most) == 0) {  // one weight in 100,000
    for (std::size_t w = 0; w < 4; ++w)
      count[w] = _mm256_add_epi32(count[w], reached(word[w], kUsual, kPoisson.size()));
  }
  const __m256i low = _mm256_or_si256(count[0], _mm256_slli_epi32(count[1], 8));
  const __m256i high = _mm256_or_si256(count[2], _mm256_slli_epi32(count[3], 8));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm256_or_si256(low, _mm256_slli_epi32(high, 16)));
}

__attribute__((target("default")))
#endif
void poisson_weights(const Counter& first, Halves key, std::uint8_t* out) {
  Counter counter = first;
  for (std::size_t b = 0; b < kBlocks; ++b, ++counter[0]) {
    const Counter words = kernels::philox4x32(counter, key);
    for (std::size_t w = 0; w < words.size(); ++w) {
      std::uint8_t count = 0;
      while (count < kPoisson.size() && words[w] >= kPoisson[count]) ++count;
      out[4 * b + w] = count;
    }
  }
}

}  // namespace

void tile_weights(std::uint64_t cluster, Scheme scheme, std::uint64_t seed, std::uint32_t tile,
                  TileWeights& out) {
  const Halves id = halves_of(cluster);
  if (scheme == Scheme::poisson) {
    poisson_weights({tile * static_cast<std::uint32_t>(kBlocks), kStreamPoisson, id[0], id[1]},
                    halves_of(seed), out.data());
    return;
  }
  const std::uint32_t bits =
      kernels::philox4x32({tile / 4, kStreamCoin, id[0], id[1]}, halves_of(seed))[tile % 4];
  for (std::uint32_t d = 0; d < kTile; ++d) out[d] = bits >> d & 1;
}

}  // namespace litebench::analysis
