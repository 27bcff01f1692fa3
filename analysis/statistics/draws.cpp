#include "analysis/statistics/draws.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "base/parallel.hpp"
#include "kernels/clones.hpp"
#include "kernels/random/philox.hpp"

namespace litebench::analysis {
namespace {

constexpr std::size_t kTile = 32;  // draws that share a pass over the clusters
constexpr std::uint32_t kStreamPoisson = 1, kStreamCoin = 2;

/// P(Poisson(1) <= k) × 2^32, rounded; beyond k = 12 less than one in 2^32 is left.
constexpr std::array<std::uint32_t, 13> kPoisson{
    1580030169, 3160060337, 3950075422, 4213413783, 4279248374, 4292415292, 4294609778,
    4294923276, 4294962463, 4294966817, 4294967253, 4294967292, 4294967295};

using Weights = std::array<std::uint8_t, kTile>;
using Halves = std::array<std::uint32_t, 2>;

Halves halves_of(std::uint64_t value) {
  return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
}

/// 32 draws are 8 blocks of 4 words.
LITEBENCH_WIDE void poisson_weights(Halves cluster, Halves key, std::uint32_t tile,
                                    std::uint8_t* out) {
  constexpr std::size_t kBlocks = kTile / 4, kUsual = 7;
  const auto uniform = kernels::philox4x32_blocks<kBlocks>(
      {tile * static_cast<std::uint32_t>(kBlocks), kStreamPoisson, cluster[0], cluster[1]}, key);
  std::array<std::uint32_t, kTile> counts{};
  const auto count_beyond = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      for (std::size_t b = 0; b < kBlocks; ++b) {
        for (std::size_t w = 0; w < 4; ++w)
          counts[w * kBlocks + b] += uniform[w][b] >= kPoisson[i] ? 1 : 0;
      }
    }
  };
  count_beyond(0, kUsual);
  // One weight in 100,000 is larger.
  if (std::find(counts.begin(), counts.end(), kUsual) != counts.end())
    count_beyond(kUsual, kPoisson.size());
  for (std::size_t b = 0; b < kBlocks; ++b) {
    for (std::size_t w = 0; w < 4; ++w)
      out[4 * b + w] = static_cast<std::uint8_t>(counts[w * kBlocks + b]);
  }
}

/// Draws 32 tile … 32 tile + 31 of one cluster.
Weights tile_weights(std::uint64_t cluster, Scheme scheme, std::uint64_t seed, std::uint32_t tile) {
  Weights weights{};
  const Halves id = halves_of(cluster);
  if (scheme == Scheme::poisson) {
    poisson_weights(id, halves_of(seed), tile, weights.data());
    return weights;
  }
  const std::uint32_t bits =
      kernels::philox4x32({tile / 4, kStreamCoin, id[0], id[1]}, halves_of(seed))[tile % 4];
  for (std::uint32_t d = 0; d < kTile; ++d) weights[d] = bits >> d & 1;
  return weights;
}

/// Four draws, wherever they lie.
using Draws4 = double __attribute__((vector_size(32), aligned(8), may_alias));

/// weight × value + sum, rounded once: half of the instructions, and the same bits on every CPU.
__attribute__((always_inline)) inline Draws4 fused(Draws4 weight, double value, Draws4 sum) {
  for (int d = 0; d < 4; ++d) sum[d] = __builtin_fma(weight[d], value, sum[d]);
  return sum;
}

/// sums[c, d] += Σ over clusters of weight[k, d] × values[k, c] for 16 draws and one column or two, whose sums stay in
/// registers: 8 sums, 4 weights and a value, of the 16 registers there are.
template <std::size_t kColumns>
__attribute__((always_inline)) inline void add_to_columns(double* sums, const double* weights,
                                                          const double* values, std::size_t stride,
                                                          std::size_t clusters) {
  static_assert(kColumns == 1 || kColumns == 2);
  auto* a = reinterpret_cast<Draws4*>(sums);
  auto* b = reinterpret_cast<Draws4*>(sums + (kColumns - 1) * kTile);
  Draws4 a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
  Draws4 b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3];
  for (std::size_t k = 0; k < clusters; ++k, weights += kTile, values += stride) {
    const auto* w = reinterpret_cast<const Draws4*>(weights);
    const Draws4 w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
    a0 = fused(w0, values[0], a0), a1 = fused(w1, values[0], a1);
    a2 = fused(w2, values[0], a2), a3 = fused(w3, values[0], a3);
    if constexpr (kColumns == 2) {
      b0 = fused(w0, values[1], b0), b1 = fused(w1, values[1], b1);
      b2 = fused(w2, values[1], b2), b3 = fused(w3, values[1], b3);
    }
  }
  a[0] = a0, a[1] = a1, a[2] = a2, a[3] = a3;
  if constexpr (kColumns == 2) b[0] = b0, b[1] = b1, b[2] = b2, b[3] = b3;
}

/// sums[columns, 32] += for up to kBlock clusters; a matrix product whose inner loop runs over draws.
LITEBENCH_FUSED void add_clusters(double* sums, std::size_t columns, const double* weights,
                                  const double* values, std::size_t clusters) {
  constexpr std::size_t kHalf = kTile / 2;
  for (std::size_t d = 0; d < kTile; d += kHalf) {
    std::size_t c = 0;
    for (; c + 2 <= columns; c += 2)
      add_to_columns<2>(sums + c * kTile + d, weights + d, values + c, columns, clusters);
    if (c < columns)
      add_to_columns<1>(sums + c * kTile + d, weights + d, values + c, columns, clusters);
  }
}

LITEBENCH_WIDE void widen(const std::uint8_t* weights, double* to) {
  for (std::size_t d = 0; d < kTile; ++d) to[d] = weights[d];
}

/// One tile of draws over several tables. Weights of a cluster are made once, however many tables have it.
class TileSummer {
 public:
  TileSummer(std::span<const std::uint64_t> clusters, Scheme scheme, std::uint64_t seed,
             std::size_t tile) {
    weights_.reserve(clusters.size());
    for (const std::uint64_t cluster : clusters)
      weights_.push_back(tile_weights(cluster, scheme, seed, static_cast<std::uint32_t>(tile)));
  }

  /// Sums of the tile's draws, [columns, 32].
  const std::vector<double>& sum(const PlacedTable& from) {
    const ClusterTable& table = *from.table;
    sums_.assign(table.columns * kTile, 0);
    for (std::size_t first = 0; first < table.clusters.size(); first += kBlock) {
      const std::size_t count = std::min(kBlock, table.clusters.size() - first);
      for (std::size_t k = 0; k < count; ++k) {
        const Weights& own = weights_[from.places.empty() ? first + k : from.places[first + k]];
        widen(own.data(), block_.data() + k * kTile);
      }
      add_clusters(sums_.data(), table.columns, block_.data(),
                   table.values.data() + first * table.columns, count);
    }
    return sums_;
  }

 private:
  static constexpr std::size_t kBlock = 32;  // their weights (8 KiB) stay in the L1 cache
  std::vector<Weights> weights_;
  std::array<double, kBlock * kTile> block_{};
  std::vector<double> sums_;
};

}  // namespace

std::vector<std::uint8_t> weights_of(std::span<const std::uint64_t> clusters, Scheme scheme,
                                     std::uint64_t seed, std::int32_t first, std::int32_t count) {
  assert(first % static_cast<std::int32_t>(kTile) == 0);
  constexpr auto kWidth = static_cast<std::int32_t>(kTile);
  std::vector<std::uint8_t> out;
  out.reserve(clusters.size() * static_cast<std::size_t>(count));
  for (const std::uint64_t cluster : clusters) {
    for (std::int32_t done = 0; done < count; done += kWidth) {
      const Weights weights =
          tile_weights(cluster, scheme, seed, static_cast<std::uint32_t>((first + done) / kWidth));
      out.insert(out.end(), weights.begin(), weights.begin() + std::min(kWidth, count - done));
    }
  }
  return out;
}

std::vector<std::vector<double>> weighted_sums(std::span<const std::uint64_t> clusters,
                                               std::span<const PlacedTable> tables, Scheme scheme,
                                               const DrawOptions& options) {
  const auto draws = static_cast<std::size_t>(options.draws);
  std::vector<std::vector<double>> out;
  for (const PlacedTable& from : tables) {
    assert(from.table->values.size() == from.table->clusters.size() * from.table->columns);
    assert(from.places.empty() || from.places.size() == from.table->clusters.size());
    out.emplace_back(from.table->columns * draws);
  }
  parallel_for((draws + kTile - 1) / kTile, options.threads, [&](std::size_t tile) {
    TileSummer summer(clusters, scheme, options.seed, tile);
    const std::size_t begin = tile * kTile, count = std::min<std::size_t>(kTile, draws - begin);
    for (std::size_t t = 0; t < tables.size(); ++t) {
      const std::vector<double>& sums = summer.sum(tables[t]);
      for (std::size_t c = 0; c < tables[t].table->columns; ++c)
        std::copy_n(sums.data() + c * kTile, count, out[t].data() + c * draws + begin);
    }
  });
  return out;
}

std::vector<double> weighted_sums(const ClusterTable& table, Scheme scheme,
                                  const DrawOptions& options) {
  const PlacedTable all{&table, {}};
  return std::move(weighted_sums(table.clusters, std::span(&all, 1), scheme, options).front());
}

}  // namespace litebench::analysis
