#pragma once
// Random weights of clusters, and sums under them: the engine of the bootstrap and of the sign test.
//
// One draw gives every cluster (image) a weight. The weight is a function of seed, cluster id and
// draw alone (Philox), so all variants, metrics and splits see the same draws (they are paired), and
// results do not depend on threads, on the order of the rows or on what else is in the run.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace litebench::analysis {

enum class Scheme : std::uint8_t {
  poisson,  ///< Poisson(1): the bootstrap with a random number of clusters (Hanley and MacGibbon 2006)
  coin,     ///< 0 or 1, half each: which clusters keep their sign
};

struct DrawOptions {
  std::int32_t draws = 10'000;
  std::uint64_t seed = 17;
  std::int32_t threads = 0;  ///< 0: as many as the process may use
};

/// What is summed: `columns` numbers per cluster, row-major [clusters.size(), columns].
struct ClusterTable {
  std::vector<std::uint64_t> clusters;  ///< ids, each once
  std::size_t columns = 0;
  std::vector<double> values;
};

/// Weights of draws first … first + count − 1, [clusters.size(), count]. `first` is a multiple of 32.
std::vector<std::uint8_t> weights_of(std::span<const std::uint64_t> clusters, Scheme scheme,
                                     std::uint64_t seed, std::int32_t first, std::int32_t count);

/// Σ over clusters of weight × value, [columns, draws]. Clusters are added in their order, so
/// integers are exact and other numbers are the same for any number of threads.
std::vector<double> weighted_sums(const ClusterTable& table, Scheme scheme,
                                  const DrawOptions& options);

/// A table and where its clusters lie among all of several tables.
struct PlacedTable {
  const ClusterTable* table = nullptr;
  std::span<const std::size_t> places;  ///< one per cluster of the table; empty: all, in order
};

/// The same for tables that share clusters, whose weights are then made once: one [columns, draws] per table.
std::vector<std::vector<double>> weighted_sums(std::span<const std::uint64_t> clusters,
                                               std::span<const PlacedTable> tables, Scheme scheme,
                                               const DrawOptions& options);

}  // namespace litebench::analysis
