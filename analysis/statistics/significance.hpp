#pragma once
// Is a difference real, how small a one would have been seen, and are two things equal for practical purposes?

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/statistics/draws.hpp"

namespace litebench::analysis {

/// How p values of a family of tests are corrected for their number.
enum class Correction : std::uint8_t { holm, benjamini_hochberg };

/// Two-sided p of "the sum of this column is 0" for every column of `contributions`, whose rows are what each cluster adds to
/// a difference. If there is no difference, each cluster's contribution could as well have had the other sign; p is the share
/// of random sign patterns with at least the observed sum, (1 + hits) / (1 + draws), never 0. For plain means the test is exact
/// under symmetry (Fisher 1935); for ratios of sums contributions are linearised and it is as good as its clusters are many.
std::vector<double> sign_flip_p(const ClusterTable& contributions, const DrawOptions& options);

/// Family-wise error rate (Holm 1979). In the order of `p`.
std::vector<double> holm(std::span<const double> p);
/// False discovery rate (Benjamini and Hochberg 1995). In the order of `p`.
std::vector<double> benjamini_hochberg(std::span<const double> p);

/// Smallest true difference that a two-sided test at `alpha` finds with probability `power`.
double minimal_detectable_effect(double standard_error, double freedom, double alpha, double power);

/// Two one-sided t tests (Schuirmann 1987): p of "the true difference is outside ±margin".
double equivalence_p(double difference, double standard_error, double freedom, double margin);

}  // namespace litebench::analysis
