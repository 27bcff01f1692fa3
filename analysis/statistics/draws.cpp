#include "analysis/statistics/draws.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "analysis/statistics/parallel.hpp"
#include "kernels/clones.hpp"
#include "kernels/random/philox.hpp"

namespace litebench::analysis {
namespace {

constexpr std::int32_t kTile = 32;  // draws that share a pass over the clusters
constexpr std::size_t kStrip = 64;  // columns: 32 × 64 doubles of sums stay in the L1 cache
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
  constexpr std::size_t kBlocks = kTile / 4;
  const auto uniform = kernels::philox4x32_blocks<kBlocks>(
      {tile * static_cast<std::uint32_t>(kBlocks), kStreamPoisson, cluster[0], cluster[1]}, key);
  std::array<std::uint32_t, kTile> counts{};
  for (const std::uint32_t limit : kPoisson) {
    for (std::size_t b = 0; b < kBlocks; ++b) {
      for (std::size_t w = 0; w < 4; ++w) counts[w * kBlocks + b] += uniform[w][b] >= limit ? 1 : 0;
    }
  }
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

/// sums[d, c] += weight[d] × values[c] for the draws whose weight is not 0.
LITEBENCH_WIDE void add_cluster(double* sums, const double* values, std::size_t columns,
                                const std::uint8_t* weights) {
  std::array<std::int32_t, kTile> heavy;
  std::int32_t count = 0;
  for (std::int32_t d = 0; d < kTile; ++d) {  // branch-free: one in three weights is 0, at random
    heavy[static_cast<std::size_t>(count)] = d;
    count += weights[d] != 0 ? 1 : 0;
  }
  for (std::int32_t i = 0; i < count; ++i) {
    const std::int32_t d = heavy[static_cast<std::size_t>(i)];
    const double weight = weights[d];
    double* row = sums + static_cast<std::size_t>(d) * kStrip;
    for (std::size_t c = 0; c < columns; ++c) row[c] += weight * values[c];
  }
}

/// Room for one tile, used again and again by a thread.
class TileSummer {
 public:
  void run(const ClusterTable& table, Scheme scheme, const DrawOptions& options, std::int32_t tile,
           std::vector<double>& out) {
    weights_.resize(table.clusters.size());
    for (std::size_t c = 0; c < weights_.size(); ++c) {
      weights_[c] =
          tile_weights(table.clusters[c], scheme, options.seed, static_cast<std::uint32_t>(tile));
    }
    for (std::size_t first = 0; first < table.columns; first += kStrip) {
      const std::size_t columns = std::min(kStrip, table.columns - first);
      sum_strip(table, first, columns);
      store_strip(options.draws, tile, first, columns, out);
    }
  }

 private:
  void sum_strip(const ClusterTable& table, std::size_t first, std::size_t columns) {
    sums_.fill(0);
    for (std::size_t c = 0; c < weights_.size(); ++c) {
      add_cluster(sums_.data(), table.values.data() + c * table.columns + first, columns,
                  weights_[c].data());
    }
  }

  void store_strip(std::int32_t draws, std::int32_t tile, std::size_t first, std::size_t columns,
                   std::vector<double>& out) const {
    const std::int32_t begin = tile * kTile;
    const std::int32_t count = std::min(kTile, draws - begin);
    for (std::size_t c = 0; c < columns; ++c) {
      double* to = out.data() + (first + c) * static_cast<std::size_t>(draws) + begin;
      for (std::int32_t d = 0; d < count; ++d) {
        to[d] = sums_[static_cast<std::size_t>(d) * kStrip + c];
      }
    }
  }

  std::vector<Weights> weights_;
  std::array<double, kTile * kStrip> sums_{};
};

}  // namespace

std::vector<std::uint8_t> weights_of(std::span<const std::uint64_t> clusters, Scheme scheme,
                                     std::uint64_t seed, std::int32_t first, std::int32_t count) {
  assert(first % kTile == 0);
  std::vector<std::uint8_t> out;
  out.reserve(clusters.size() * static_cast<std::size_t>(count));
  for (const std::uint64_t cluster : clusters) {
    for (std::int32_t done = 0; done < count; done += kTile) {
      const Weights weights =
          tile_weights(cluster, scheme, seed, static_cast<std::uint32_t>((first + done) / kTile));
      out.insert(out.end(), weights.begin(), weights.begin() + std::min(kTile, count - done));
    }
  }
  return out;
}

std::vector<double> weighted_sums(const ClusterTable& table, Scheme scheme,
                                  const DrawOptions& options) {
  assert(table.values.size() == table.clusters.size() * table.columns);
  std::vector<double> out(table.columns * static_cast<std::size_t>(options.draws));
  const std::int32_t tiles = (options.draws + kTile - 1) / kTile;
  parallel_for(static_cast<std::size_t>(tiles), options.threads, [&](std::size_t tile) {
    TileSummer summer;
    summer.run(table, scheme, options, static_cast<std::int32_t>(tile), out);
  });
  return out;
}

}  // namespace litebench::analysis
