#pragma once
// Distribution functions of the normal and Student's t distribution.

namespace litebench::analysis {

double normal_cdf(double z);
/// Inverse of normal_cdf; −∞ and ∞ at 0 and 1. Relative error below 1e-12.
double normal_quantile(double p);
/// P(T <= t) with `freedom` > 0 degrees of freedom. Absolute error below 1e-11.
double student_cdf(double t, double freedom);
/// Inverse of student_cdf for 0 < p < 1.
double student_quantile(double p, double freedom);

}  // namespace litebench::analysis
