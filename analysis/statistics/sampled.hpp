#pragma once
// Arithmetic on resampled statistics. Whatever is computed from estimates is computed from every draw
// and from every leave-one-out value in the same way: that is what makes intervals of averages,
// retentions and differences paired.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "analysis/statistics/draws.hpp"
#include "analysis/statistics/interval.hpp"

namespace litebench::analysis {

/// Sums under draws of a cluster table, and where its clusters lie among those of all statistics
/// that are to be combined.
struct ResampledTable {
  ClusterTable table;
  std::vector<std::size_t> places;  ///< of table.clusters among all clusters
  std::size_t all_clusters = 0;
  std::int32_t draws = 0;
  std::vector<double> sums;  ///< [columns, draws], of weighted_sums

  [[nodiscard]] double total(std::size_t column) const;  ///< under weights of 1
};

/// Σ numerator / (Σ denominator + epsilon). Leave-one-out values in closed form: total − own.
/// Nothing when the whole sum of the denominator is 0.
std::optional<Sampled> ratio_of_sums(const ResampledTable& from, std::size_t numerator,
                                     std::size_t denominator, double epsilon = 0);

Sampled combine(const Sampled& a, const Sampled& b, const std::function<double(double, double)>& f);
Sampled mean_of(std::span<const Sampled> parts);

/// Mean over repetitions of one experiment (a method's seeds), resampled within every draw: of S
/// repetitions S − 1 are drawn with replacement, which makes the variance of their mean the unbiased
/// s² / S (Rao and Wu 1988). `stream` tells independent experiments apart.
Sampled mean_of_repetitions(std::span<const Sampled> repetitions, std::uint64_t seed,
                            std::uint64_t stream);

}  // namespace litebench::analysis
