#pragma once
// Products of weights and values: where nine tenths of a bootstrap's time go.
//
// Most columns are counts of pixels or expressions, whole numbers. They are cut into limbs of 15
// bits, which weights (below 16) multiply two clusters at a time in 16-bit instructions: four times
// the products of a float64 instruction, and exact. Other columns are multiplied in float64.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/statistics/draws.hpp"
#include "analysis/statistics/weights.hpp"

namespace litebench::analysis {

/// The values of a table, ordered for products with the weights of 32 draws.
class Factors {
 public:
  explicit Factors(const ClusterTable& table);

  [[nodiscard]] std::size_t columns() const { return columns_; }

  /// Σ over clusters of weight × value, to `sums` [columns, 32]. Cluster k has the weights at places[k], or at k if there are
  /// no places. Sums of whole numbers are exact below 2^53, others are added in the order of the clusters.
  void sum(std::span<const TileWeights> weights, std::span<const std::size_t> places,
           double* sums) const;

 private:
  struct Limb {
    std::size_t column = 0;
    double scale = 1;
  };

  void sum_whole(std::span<const TileWeights> weights, std::span<const std::size_t> places,
                 double* sums) const;
  void sum_others(std::span<const TileWeights> weights, std::span<const std::size_t> places,
                  double* sums) const;

  std::size_t columns_ = 0, clusters_ = 0;
  std::vector<Limb> limbs_;
  std::vector<std::array<std::int16_t, 2>> pairs_;  // [pairs of clusters, limbs]
  std::vector<std::size_t> others_;                 // columns that are not whole
  std::vector<double> values_;                      // of them, [clusters, others]
};

}  // namespace litebench::analysis
