#include "analysis/statistics/significance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "analysis/statistics/distributions.hpp"

namespace litebench::analysis {
namespace {

/// Positions of `p` by rising value.
std::vector<std::size_t> ranks(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  return order;
}

}  // namespace

std::vector<double> sign_flip_p(const ClusterTable& contributions, const DrawOptions& options) {
  const std::vector<double> kept = weighted_sums(contributions, Scheme::coin, options);
  const auto draws = static_cast<std::size_t>(options.draws);
  std::vector<double> p;
  for (std::size_t column = 0; column < contributions.columns; ++column) {
    double sum = 0, absolute = 0;
    for (std::size_t c = 0; c < contributions.clusters.size(); ++c) {
      const double value = contributions.values[c * contributions.columns + column];
      sum += value;
      absolute += std::abs(value);
    }
    // Patterns that give the observed sum but for rounding are hits.
    const double limit = std::abs(sum) - 1e-12 * absolute;
    std::int64_t hits = 0;
    for (std::size_t d = 0; d < draws; ++d) {
      const double flipped = 2 * kept[column * draws + d] - sum;  // Σ ± = kept − (sum − kept)
      hits += std::abs(flipped) >= limit ? 1 : 0;
    }
    p.push_back(static_cast<double>(1 + hits) / static_cast<double>(1 + draws));
  }
  return p;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  double largest = 0;
  std::size_t left = p.size();
  for (const std::size_t i : ranks(p)) {
    largest = std::max(largest, std::min(1.0, p[i] * static_cast<double>(left--)));
    adjusted[i] = largest;
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  const std::vector<std::size_t> order = ranks(p);
  double smallest = 1;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    smallest = std::min(smallest, p[i] * static_cast<double>(p.size()) / static_cast<double>(rank));
    adjusted[i] = smallest;
  }
  return adjusted;
}

double minimal_detectable_effect(double standard_error, double freedom, double alpha,
                                 double power) {
  return standard_error *
         (student_quantile(1 - alpha / 2, freedom) + student_quantile(power, freedom));
}

double equivalence_p(double difference, double standard_error, double freedom, double margin) {
  if (standard_error <= 0) return std::abs(difference) < margin ? 0 : 1;
  const double above = student_cdf((difference - margin) / standard_error, freedom);
  const double below = 1 - student_cdf((difference + margin) / standard_error, freedom);
  return std::max(above, below);
}

}  // namespace litebench::analysis
