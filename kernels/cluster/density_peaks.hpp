#pragma once
// Clustering by density peaks among nearest neighbours: centres are dense items that are far from
// every denser one. Used by SparseVLM's recycling (pruners.md §6.3).

#include <cstdint>
#include <vector>

namespace litebench::kernels {

struct Clusters {
  std::vector<std::int64_t> centres;  ///< items, most prominent first
  std::vector<std::int64_t> cluster;  ///< of every item: index into `centres`
};

/// `distances`: n × n, symmetric with a zero diagonal. Density of i is exp(−mean of squared
/// distances to the `count` nearest, itself among them); its separation is the distance to the
/// nearest denser item, for the densest the largest of all distances. Centres are the `count` items
/// of largest density × separation; the others join the nearest centre. Ties: of equal densities
/// the lower index is the denser, of equal products it ranks first, of equally near centres the
/// more prominent one wins. Requires 1 <= count <= n.
Clusters density_peaks(const float* distances, std::int64_t n, std::int64_t count);

}  // namespace litebench::kernels
