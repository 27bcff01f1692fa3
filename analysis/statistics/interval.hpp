#pragma once
// Confidence intervals from bootstrap draws.

#include <cstdint>
#include <optional>
#include <vector>

namespace litebench::analysis {

struct Interval {
  double low = 0, high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// A statistic, its value under every draw, and its value without each cluster in turn.
struct Sampled {
  double estimate = 0;
  std::vector<double> draws;    ///< NaN where a draw leaves it undefined
  std::vector<double> without;  ///< equal to the estimate for clusters that it does not depend on
};

enum class IntervalKind : std::uint8_t {
  percentile,
  bca,  ///< bias-corrected and accelerated (Efron 1987)
};

struct IntervalOptions {
  IntervalKind kind = IntervalKind::bca;
  double level = 0.95;
};

/// Nothing when more than one draw in a hundred is undefined: then what is left is no sample of the
/// statistic.
std::optional<Interval> interval_of(const Sampled& sampled, const IntervalOptions& options);

/// Standard deviation of the defined draws; nothing under the same condition.
std::optional<double> standard_error(const Sampled& sampled);

/// Acceleration of BCa: skewness of the leave-one-out values / 6; 0 when they do not vary.
double acceleration(const Sampled& sampled);

/// Linear interpolation between order statistics, as NumPy's default. Reorders `values`, which must not be empty.
double quantile(std::vector<double>& values, double share);

}  // namespace litebench::analysis
