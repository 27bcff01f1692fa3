#pragma once
// When a picture has been timed often enough: after every round (all variants once, interleaved) the
// ratio of each variant's time to the baseline's in the same round is one observation.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/config/config.hpp"

namespace litebench::evaluate {

/// Mean and spread of values as they come, without a sum of squares to cancel (Welford 1962).
class RunningMoments {
 public:
  void add(double value);
  [[nodiscard]] std::size_t count() const { return count_; }
  /// Of the mean: s / √n. Infinite below two values.
  [[nodiscard]] double standard_error() const;

 private:
  std::size_t count_ = 0;
  double mean_ = 0, squares_ = 0;
};

/// Half-width of the 95 % interval of a ratio whose logarithms are `log_ratios`, as a share of the
/// ratio: exp(t × s / √n) − 1 with Student's t of n − 1 degrees of freedom, the wider side of
/// (exp(−h), exp(h)). Infinite below two values.
///
/// Logarithms, since what disturbs a time multiplies it and because speed-up and slow-down must be told
/// apart equally well: log(a/b) and log(b/a) have one interval. Student's t, since five repeats know
/// their own spread badly: the normal 1.96 in place of 2.78 would stop early.
double relative_half_width(const RunningMoments& log_ratios);

/// Rounds of one picture. Decided by its own times alone, hence the same rule on any number of ranks.
/// A rule that looks again after every round stops a little oftener where the spread happens to look
/// small, so the intervals it stops at are a little too narrow. They decide when to stop and appear
/// nowhere: the tables' intervals are drawn over pictures.
class RepeatRule {
 public:
  /// `baseline`: position in a round.
  RepeatRule(const config::LatencyPass& pass, std::size_t variants, std::size_t baseline);

  /// Times of one round in ns, by variant; 0: the variant is not timed (infeasible), below 0: it failed.
  /// A picture that failed for one variant is in no table, so that it is repeated no more than it must.
  void add(std::span<const std::int64_t> round);
  [[nodiscard]] bool enough() const;

 private:
  const config::LatencyPass& pass_;
  std::size_t baseline_;
  std::int32_t rounds_ = 0;
  bool failed_ = false;
  std::vector<RunningMoments> log_ratios_;  // by variant
};

}  // namespace litebench::evaluate
