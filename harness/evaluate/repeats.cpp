#include "harness/evaluate/repeats.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/statistics/distributions.hpp"

namespace litebench::evaluate {

void RunningMoments::add(double value) {
  ++count_;
  const double before = value - mean_;
  mean_ += before / static_cast<double>(count_);
  squares_ += before * (value - mean_);
}

double RunningMoments::standard_error() const {
  if (count_ < 2) return std::numeric_limits<double>::infinity();
  const auto n = static_cast<double>(count_);
  return std::sqrt(squares_ / (n - 1) / n);
}

double relative_half_width(const RunningMoments& log_ratios) {
  constexpr double kUpper = 0.975;  // of the two-sided 95 %
  if (log_ratios.count() < 2) return std::numeric_limits<double>::infinity();
  const double freedom = static_cast<double>(log_ratios.count()) - 1;
  return std::expm1(analysis::student_quantile(kUpper, freedom) * log_ratios.standard_error());
}

RepeatRule::RepeatRule(const config::LatencyPass& pass, std::size_t variants, std::size_t baseline)
    : pass_(pass), baseline_(baseline), log_ratios_(variants) {}

void RepeatRule::add(std::span<const std::int64_t> round) {
  ++rounds_;
  failed_ = failed_ || std::any_of(round.begin(), round.end(), [](auto ns) { return ns < 0; });
  if (failed_ || round[baseline_] == 0) return;
  for (std::size_t v = 0; v < round.size(); ++v) {
    if (v == baseline_ || round[v] == 0) continue;
    log_ratios_[v].add(
        std::log(static_cast<double>(round[v]) / static_cast<double>(round[baseline_])));
  }
}

bool RepeatRule::enough() const {
  if (rounds_ < pass_.repeats) return false;
  if (!pass_.adaptive() || failed_ || rounds_ >= pass_.repeats_max) return true;
  return std::all_of(log_ratios_.begin(), log_ratios_.end(), [&](const RunningMoments& ratios) {
    return ratios.count() == 0 || relative_half_width(ratios) <= pass_.goal;
  });
}

}  // namespace litebench::evaluate
