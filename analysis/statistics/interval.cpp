#include "analysis/statistics/interval.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/statistics/distributions.hpp"

namespace litebench::analysis {
namespace {

/// The defined draws, unless too many are not.
std::vector<double> usable_draws(const Sampled& sampled) {
  std::vector<double> draws;
  draws.reserve(sampled.draws.size());
  for (const double value : sampled.draws) {
    if (std::isfinite(value)) draws.push_back(value);
  }
  const bool enough = !draws.empty() && 100 * draws.size() >= 99 * sampled.draws.size();
  return enough ? draws : std::vector<double>{};
}

/// Share of draws below the estimate, ties counted half.
double share_below(const std::vector<double>& draws, double estimate) {
  double below = 0;
  for (const double value : draws) {
    if (value < estimate) below += 1;
    if (value == estimate) below += 0.5;
  }
  return below / static_cast<double>(draws.size());
}

/// Where BCa reads the quantile that the percentile method reads at `share`.
double corrected(double share, double bias, double acceleration) {
  const double z = bias + normal_quantile(share);
  return normal_cdf(bias + z / (1 - acceleration * z));
}

}  // namespace

double quantile(std::vector<double>& values, double share) {
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<std::size_t>(below)];
  if (place == static_cast<double>(below)) return low;
  const double high = *std::min_element(values.begin() + below + 1, values.end());
  return low + (place - static_cast<double>(below)) * (high - low);
}

double acceleration(const Sampled& sampled) {
  double square = 0, cube = 0;
  for (const double value : sampled.without) {
    const double d = sampled.estimate - value;
    square += d * d;
    cube += d * d * d;
  }
  return square > 0 ? cube / (6 * square * std::sqrt(square)) : 0;
}

std::optional<Interval> interval_of(const Sampled& sampled, const IntervalOptions& options) {
  std::vector<double> draws = usable_draws(sampled);
  if (draws.empty()) return std::nullopt;
  const double tail = 0.5 * (1 - options.level);
  double low = tail, high = 1 - tail;
  if (options.kind == IntervalKind::bca) {
    const double bias = normal_quantile(share_below(draws, sampled.estimate));
    // An estimate outside all draws has no finite bias; the percentile interval is all there is then.
    if (std::isfinite(bias)) {
      const double a = acceleration(sampled);
      low = corrected(tail, bias, a);
      high = corrected(1 - tail, bias, a);
    }
  }
  const double left = quantile(draws, low);
  return Interval{left, quantile(draws, high)};
}

std::optional<double> standard_error(const Sampled& sampled) {
  const std::vector<double> draws = usable_draws(sampled);
  if (draws.size() < 2) return std::nullopt;
  double mean = 0;
  for (const double value : draws) mean += value;
  mean /= static_cast<double>(draws.size());
  double square = 0;
  for (const double value : draws) square += (value - mean) * (value - mean);
  return std::sqrt(square / static_cast<double>(draws.size() - 1));
}

}  // namespace litebench::analysis
