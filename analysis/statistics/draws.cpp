#include "analysis/statistics/draws.hpp"

#include <algorithm>
#include <cassert>

#include "analysis/statistics/products.hpp"
#include "analysis/statistics/weights.hpp"
#include "base/parallel.hpp"

namespace litebench::analysis {
namespace {

/// Weights of one tile of draws of all clusters.
std::vector<TileWeights> weights_of_tile(std::span<const std::uint64_t> clusters, Scheme scheme,
                                         std::uint64_t seed, std::size_t tile) {
  std::vector<TileWeights> weights(clusters.size());
  for (std::size_t k = 0; k < clusters.size(); ++k)
    tile_weights(clusters[k], scheme, seed, static_cast<std::uint32_t>(tile), weights[k]);
  return weights;
}

}  // namespace

std::vector<std::uint8_t> weights_of(std::span<const std::uint64_t> clusters, Scheme scheme,
                                     std::uint64_t seed, std::int32_t first, std::int32_t count) {
  assert(first % static_cast<std::int32_t>(kTile) == 0);
  constexpr auto kWidth = static_cast<std::int32_t>(kTile);
  std::vector<std::uint8_t> out;
  out.reserve(clusters.size() * static_cast<std::size_t>(count));
  for (const std::uint64_t cluster : clusters) {
    for (std::int32_t done = 0; done < count; done += kWidth) {
      TileWeights weights;
      tile_weights(cluster, scheme, seed, static_cast<std::uint32_t>((first + done) / kWidth),
                   weights);
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
  std::vector<Factors> factors;
  for (const PlacedTable& from : tables) {
    assert(from.table->values.size() == from.table->clusters.size() * from.table->columns);
    assert(from.places.empty() || from.places.size() == from.table->clusters.size());
    out.emplace_back(from.table->columns * draws);
    factors.emplace_back(*from.table);
  }
  parallel_for((draws + kTile - 1) / kTile, options.threads, [&](std::size_t tile) {
    const auto weights = weights_of_tile(clusters, scheme, options.seed, tile);
    const std::size_t begin = tile * kTile, count = std::min<std::size_t>(kTile, draws - begin);
    std::vector<double> sums;
    for (std::size_t t = 0; t < tables.size(); ++t) {
      sums.resize(factors[t].columns() * kTile);
      factors[t].sum(weights, tables[t].places, sums.data());
      for (std::size_t c = 0; c < factors[t].columns(); ++c)
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
