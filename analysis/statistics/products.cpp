#include "analysis/statistics/products.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/clones.hpp"

#ifdef LITEBENCH_CLONES
#include <immintrin.h>
#endif

namespace litebench::analysis {
namespace {

constexpr std::size_t kLimbBits = 15, kMostLimbs = 2;
constexpr std::size_t kBlock = 64;  // clusters whose weights stay in the L1 cache
// 2 × 13 × (2^15 − 1) × 2048 < 2^31: so many pairs fit into an int32.
constexpr std::size_t kBlocksPerFlush = 2 * 2048 / kBlock;

using Pair = std::array<std::int16_t, 2>;

/// How many limbs hold a column; 0: it is not made of whole numbers, or of very large ones.
std::size_t limbs_of(const ClusterTable& table, std::size_t column) {
  constexpr double kLimit = 1 << (kLimbBits * kMostLimbs);
  double largest = 0;
  for (std::size_t i = column; i < table.values.size(); i += table.columns) {
    const double value = table.values[i];
    if (!(value >= 0 && value < kLimit) || value != std::floor(value)) return 0;
    largest = std::max(largest, value);
  }
  return largest < 1 << kLimbBits ? 1 : 2;
}

// sums[limb, 32] += Σ over pairs of weights [pairs, 32] · values [pairs, limbs].
#ifdef LITEBENCH_CLONES
/// Up to three limbs at a time: 12 sums, 3 values and a weight fill the 16 registers.
template <std::size_t kLimbs>
__attribute__((target("avx2"), always_inline)) inline void add_limbs(std::int32_t* sums,
                                                                     const Pair* weights,
                                                                     const Pair* values,
                                                                     std::size_t stride,
                                                                     std::size_t pairs) {
  constexpr std::size_t kVectors = kTile / 8;
  __m256i sum[kLimbs][kVectors];
  auto* at = reinterpret_cast<__m256i*>(sums);
  for (std::size_t l = 0; l < kLimbs; ++l) {
    for (std::size_t v = 0; v < kVectors; ++v)
      sum[l][v] = _mm256_loadu_si256(at + l * kVectors + v);
  }
  for (std::size_t k = 0; k < pairs; ++k, weights += kTile, values += stride) {
    __m256i value[kLimbs];
    for (std::size_t l = 0; l < kLimbs; ++l) {
      std::int32_t bits = 0;
      __builtin_memcpy(&bits, values + l, sizeof bits);
      value[l] = _mm256_set1_epi32(bits);
    }
    for (std::size_t v = 0; v < kVectors; ++v) {
      const __m256i weight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights) + v);
      for (std::size_t l = 0; l < kLimbs; ++l)
        sum[l][v] = _mm256_add_epi32(sum[l][v], _mm256_madd_epi16(weight, value[l]));
    }
  }
  for (std::size_t l = 0; l < kLimbs; ++l) {
    for (std::size_t v = 0; v < kVectors; ++v)
      _mm256_storeu_si256(at + l * kVectors + v, sum[l][v]);
  }
}

__attribute__((target("avx2"))) void add_pairs(std::int32_t* sums, const Pair* weights,
                                               const Pair* values, std::size_t limbs,
                                               std::size_t pairs) {
  std::size_t l = 0;
  for (; l + 3 <= limbs; l += 3) add_limbs<3>(sums + l * kTile, weights, values + l, limbs, pairs);
  if (l + 2 == limbs) add_limbs<2>(sums + l * kTile, weights, values + l, limbs, pairs);
  if (l + 1 == limbs) add_limbs<1>(sums + l * kTile, weights, values + l, limbs, pairs);
}

__attribute__((target("default")))
#endif
void add_pairs(std::int32_t* sums, const Pair* weights, const Pair* values, std::size_t limbs,
               std::size_t pairs) {
  for (std::size_t k = 0; k < pairs; ++k, weights += kTile, values += limbs) {
    for (std::size_t l = 0; l < limbs; ++l) {
      for (std::size_t d = 0; d < kTile; ++d)
        sums[l * kTile + d] += weights[d][0] * values[l][0] + weights[d][1] * values[l][1];
    }
  }
}

LITEBENCH_WIDE void interleave(const std::uint8_t* a, const std::uint8_t* b, Pair* to) {
  for (std::size_t d = 0; d < kTile; ++d) to[d] = {a[d], b[d]};
}

LITEBENCH_WIDE void widen(const std::uint8_t* weights, double* to) {
  for (std::size_t d = 0; d < kTile; ++d) to[d] = weights[d];
}

// sums[column, 32] += Σ over clusters of weights [clusters, 32] × values [clusters, columns], rounded once per term.
#ifdef LITEBENCH_CLONES
/// 16 draws of up to three columns at a time: again 12 sums, 3 values and a weight.
template <std::size_t kColumns>
__attribute__((target("fma"), always_inline)) inline void add_columns(double* sums,
                                                                      const double* weights,
                                                                      const double* values,
                                                                      std::size_t stride,
                                                                      std::size_t clusters) {
  constexpr std::size_t kVectors = 4, kLanes = 4;
  __m256d sum[kColumns][kVectors];
  for (std::size_t c = 0; c < kColumns; ++c) {
    for (std::size_t v = 0; v < kVectors; ++v)
      sum[c][v] = _mm256_loadu_pd(sums + c * kTile + v * kLanes);
  }
  for (std::size_t k = 0; k < clusters; ++k, weights += kTile, values += stride) {
    __m256d value[kColumns];
    for (std::size_t c = 0; c < kColumns; ++c) value[c] = _mm256_set1_pd(values[c]);
    for (std::size_t v = 0; v < kVectors; ++v) {
      const __m256d weight = _mm256_loadu_pd(weights + v * kLanes);
      for (std::size_t c = 0; c < kColumns; ++c)
        sum[c][v] = _mm256_fmadd_pd(weight, value[c], sum[c][v]);
    }
  }
  for (std::size_t c = 0; c < kColumns; ++c) {
    for (std::size_t v = 0; v < kVectors; ++v)
      _mm256_storeu_pd(sums + c * kTile + v * kLanes, sum[c][v]);
  }
}

__attribute__((target("fma"))) void add_clusters(double* sums, const double* weights,
                                                 const double* values, std::size_t columns,
                                                 std::size_t clusters) {
  constexpr std::size_t kHalf = kTile / 2;
  for (std::size_t d = 0; d < kTile; d += kHalf) {
    std::size_t c = 0;
    for (; c + 3 <= columns; c += 3)
      add_columns<3>(sums + c * kTile + d, weights + d, values + c, columns, clusters);
    if (c + 2 == columns)
      add_columns<2>(sums + c * kTile + d, weights + d, values + c, columns, clusters);
    if (c + 1 == columns)
      add_columns<1>(sums + c * kTile + d, weights + d, values + c, columns, clusters);
  }
}

__attribute__((target("default")))
#endif
void add_clusters(double* sums, const double* weights, const double* values, std::size_t columns,
                  std::size_t clusters) {
  for (std::size_t k = 0; k < clusters; ++k, weights += kTile, values += columns) {
    for (std::size_t c = 0; c < columns; ++c) {
      for (std::size_t d = 0; d < kTile; ++d)
        sums[c * kTile + d] = std::fma(weights[d], values[c], sums[c * kTile + d]);
    }
  }
}

}  // namespace

Factors::Factors(const ClusterTable& table)
    : columns_(table.columns), clusters_(table.clusters.size()) {
  for (std::size_t c = 0; c < columns_; ++c) {
    const std::size_t limbs = limbs_of(table, c);
    if (limbs == 0) others_.push_back(c);
    for (std::size_t l = 0; l < limbs; ++l)
      limbs_.push_back({c, static_cast<double>(1 << (l * kLimbBits))});
  }
  pairs_.resize((clusters_ + 1) / 2 * limbs_.size());
  values_.reserve(clusters_ * others_.size());
  for (std::size_t k = 0; k < clusters_; ++k) {
    const double* row = table.values.data() + k * columns_;
    for (std::size_t l = 0; l < limbs_.size(); ++l) {
      const auto whole = static_cast<std::uint32_t>(row[limbs_[l].column]);
      const auto scale = static_cast<std::uint32_t>(limbs_[l].scale);
      pairs_[k / 2 * limbs_.size() + l][k % 2] =
          static_cast<std::int16_t>(whole / scale & ((1U << kLimbBits) - 1));
    }
    for (const std::size_t column : others_) values_.push_back(row[column]);
  }
}

void Factors::sum(std::span<const TileWeights> weights, std::span<const std::size_t> places,
                  double* sums) const {
  std::fill_n(sums, columns_ * kTile, 0.0);
  if (!limbs_.empty()) sum_whole(weights, places, sums);
  if (!others_.empty()) sum_others(weights, places, sums);
}

void Factors::sum_whole(std::span<const TileWeights> weights, std::span<const std::size_t> places,
                        double* sums) const {
  static constexpr TileWeights kNone{};
  const auto of = [&](std::size_t k) {
    return k == clusters_ ? kNone.data() : weights[places.empty() ? k : places[k]].data();
  };
  std::vector<std::int32_t> parts(limbs_.size() * kTile, 0);
  std::array<Pair, kBlock / 2 * kTile> block;
  std::size_t added = 0;
  for (std::size_t first = 0; first < clusters_; first += kBlock) {
    const std::size_t pairs = (std::min(kBlock, clusters_ - first) + 1) / 2;
    for (std::size_t p = 0; p < pairs; ++p)
      interleave(of(first + 2 * p), of(first + 2 * p + 1), block.data() + p * kTile);
    add_pairs(parts.data(), block.data(), pairs_.data() + first / 2 * limbs_.size(), limbs_.size(),
              pairs);
    if (++added % kBlocksPerFlush != 0 && first + kBlock < clusters_) continue;
    for (std::size_t l = 0; l < limbs_.size(); ++l) {
      double* to = sums + limbs_[l].column * kTile;
      for (std::size_t d = 0; d < kTile; ++d) to[d] += limbs_[l].scale * parts[l * kTile + d];
    }
    std::fill(parts.begin(), parts.end(), 0);
  }
}

void Factors::sum_others(std::span<const TileWeights> weights, std::span<const std::size_t> places,
                         double* sums) const {
  std::vector<double> own(others_.size() * kTile, 0);
  constexpr std::size_t kFew = kBlock / 2;
  std::array<double, kFew * kTile> block;
  for (std::size_t first = 0; first < clusters_; first += kFew) {
    const std::size_t count = std::min(kFew, clusters_ - first);
    for (std::size_t k = 0; k < count; ++k)
      widen(weights[places.empty() ? first + k : places[first + k]].data(),
            block.data() + k * kTile);
    add_clusters(own.data(), block.data(), values_.data() + first * others_.size(), others_.size(),
                 count);
  }
  for (std::size_t c = 0; c < others_.size(); ++c)
    std::copy_n(own.data() + c * kTile, kTile, sums + others_[c] * kTile);
}

}  // namespace litebench::analysis
