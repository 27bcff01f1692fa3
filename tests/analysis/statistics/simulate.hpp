#pragma once
// Simulated evaluations whose true cIoU is known in closed form.
//
// An image has z, w ~ N(0, 1) of its own. Its 1 to 3 expressions have unions exp(kSpread z) × u with u
// uniform in [0.5, 1.5], and intersections union × q × v, where v is uniform in [0.6, 1] per expression
// and q = Φ(level + slope z + effect w + noise e) is the image's: large referents are easier, and
// expressions of one image fail together. As z → z + kSpread under size weighting,
//   cIoU = 0.8 Φ((level + slope kSpread) / √(1 + slope² + effect² + noise²)).

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "analysis/statistics/distributions.hpp"
#include "analysis/statistics/sampled.hpp"
#include "analysis/statistics/significance.hpp"

namespace litebench::analysis::simulated {

inline constexpr double kSpread = 0.8, kSlope = 0.5, kEffect = 0.8;

struct Method {
  double level = 0.6;  ///< how good
  double noise = 0.4;  ///< what it does not share with other methods of the same image
};

inline double true_ciou(const Method& m) {
  return 0.8 * normal_cdf((m.level + kSlope * kSpread) /
                          std::sqrt(1 + kSlope * kSlope + kEffect * kEffect + m.noise * m.noise));
}

/// The level at which a method with that noise has the cIoU of `other`.
inline double level_for(double noise, const Method& other) {
  const double z = normal_quantile(true_ciou(other) / 0.8);
  return z * std::sqrt(1 + kSlope * kSlope + kEffect * kEffect + noise * noise) - kSlope * kSpread;
}

struct Expression {
  std::size_t image = 0;
  double union_ = 0;
  std::vector<double> intersections;  ///< one per method
};

inline std::vector<Expression> expressions(std::size_t images, const std::vector<Method>& methods,
                                           std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<Expression> out;
  for (std::size_t image = 0; image < images; ++image) {
    const double z = normal(random), w = normal(random);
    std::vector<double> quality;
    for (const Method& m : methods) {
      quality.push_back(normal_cdf(m.level + kSlope * z + kEffect * w + m.noise * normal(random)));
    }
    const auto count = 1 + random() % 3;
    for (std::size_t e = 0; e < count; ++e) {
      Expression one{image, std::exp(kSpread * z) * (0.5 + uniform(random)), {}};
      for (const double q : quality) {
        one.intersections.push_back(one.union_ * q * (0.6 + 0.4 * uniform(random)));
      }
      out.push_back(std::move(one));
    }
  }
  return out;
}

/// Columns: union, then one intersection per method. Clusters are images, or every expression by itself (`naive`).
inline ClusterTable clustered(const std::vector<Expression>& rows, bool naive = false) {
  ClusterTable table;
  table.columns = 1 + rows.front().intersections.size();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::uint64_t id = naive ? r : rows[r].image;
    if (table.clusters.empty() || table.clusters.back() != id) {
      table.clusters.push_back(id);
      table.values.resize(table.values.size() + table.columns);
    }
    double* row = table.values.data() + table.values.size() - table.columns;
    row[0] += rows[r].union_;
    for (std::size_t m = 0; m + 1 < table.columns; ++m) row[m + 1] += rows[r].intersections[m];
  }
  return table;
}

inline ResampledTable resampled(ClusterTable table, const DrawOptions& options) {
  ResampledTable out;
  out.all_clusters = table.clusters.size();
  for (std::size_t c = 0; c < out.all_clusters; ++c) out.places.push_back(c);
  out.draws = options.draws;
  out.sums = weighted_sums(table, Scheme::poisson, options);
  out.table = std::move(table);
  return out;
}

/// What each cluster adds to cIoU of method 0 − cIoU of method 1.
inline ClusterTable difference_contributions(const ClusterTable& table) {
  double all = 0, a = 0, b = 0;
  for (std::size_t c = 0; c < table.clusters.size(); ++c) {
    all += table.values[c * table.columns];
    a += table.values[c * table.columns + 1];
    b += table.values[c * table.columns + 2];
  }
  // Both share their unions, so the linearisation is the difference itself.
  ClusterTable out{table.clusters, 1, {}};
  for (std::size_t c = 0; c < table.clusters.size(); ++c) {
    const double* row = table.values.data() + c * table.columns;
    out.values.push_back((row[1] - row[2]) / all);
  }
  return out;
}

/// How often intervals held the truth, and the p values of true nulls.
struct Coverage {
  std::int64_t sets = 0, ciou = 0, percentile = 0, difference = 0, retention = 0;
  std::int64_t naive_sets = 0, naive = 0;  ///< every expression a cluster of its own
  std::vector<double> p;
  [[nodiscard]] double naively() const {
    return static_cast<double>(naive) / static_cast<double>(naive_sets);
  }
  [[nodiscard]] double of(std::int64_t hits) const {
    return static_cast<double>(hits) / static_cast<double>(sets);
  }
};

inline bool holds(const Sampled& sampled, double truth, IntervalKind kind = IntervalKind::bca) {
  const auto interval = interval_of(sampled, {kind, 0.95});
  return interval && interval->low <= truth && truth <= interval->high;
}

/// `sets` evaluations of two methods of equal truth, the second with other noise, over `images` images. The first
/// `naive_sets` of them are resampled by expression as well.
inline Coverage coverage(std::int64_t sets, std::size_t images, std::int32_t draws,
                         std::uint64_t seed, std::int64_t naive_sets) {
  constexpr double kOtherNoise = 0.9;
  const Method one{};
  const Method two{level_for(kOtherNoise, one), kOtherNoise};
  Coverage out;
  for (std::int64_t s = 0; s < sets; ++s) {
    const auto rows = expressions(images, {one, two}, seed + static_cast<std::uint64_t>(s));
    DrawOptions options;
    options.draws = draws;
    options.seed = seed * 1'000'003 + static_cast<std::uint64_t>(s);
    const ResampledTable table = resampled(clustered(rows), options);
    const Sampled a = ratio_of_sums(table, 1, 0).value(), b = ratio_of_sums(table, 2, 0).value();
    ++out.sets;
    out.ciou += holds(a, true_ciou(one)) ? 1 : 0;
    out.percentile += holds(a, true_ciou(one), IntervalKind::percentile) ? 1 : 0;
    out.difference += holds(combine(a, b, [](double x, double y) { return x - y; }), 0) ? 1 : 0;
    out.retention += holds(combine(a, b, [](double x, double y) { return x / y; }), 1) ? 1 : 0;
    out.p.push_back(sign_flip_p(difference_contributions(table.table), options).front());
    if (s >= naive_sets) continue;
    const ResampledTable naive = resampled(clustered(rows, true), options);
    out.naive += holds(ratio_of_sums(naive, 1, 0).value(), true_ciou(one)) ? 1 : 0;
    ++out.naive_sets;
  }
  return out;
}

/// [all, hit of one, hit of two] of small evaluations of two methods.
inline ClusterTable table_of(std::size_t images) {
  return clustered(expressions(images, {{0.6, 0.4}, {0.5, 0.4}}, 11));
}

inline DrawOptions options_with(std::int32_t draws, std::int32_t threads) {
  DrawOptions options;
  options.draws = draws;
  options.threads = threads;
  return options;
}

}  // namespace litebench::analysis::simulated
