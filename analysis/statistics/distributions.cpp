#include "analysis/statistics/distributions.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace litebench::analysis {
namespace {

double normal_density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi); }

/// Continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), evaluated
/// forwards by Lentz's method.
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300, kEnough = 1e-16;
  const auto term = [&](int n) {  // d_1, d_2, … of 26.5.8
    const int m = n / 2;
    if (n % 2 == 1) return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
  };
  double value = 1, numerator = 1, denominator = 0;
  for (int n = 1; n < 10'000; ++n) {
    const double d = term(n);
    numerator = 1 + d / (numerator == 0 ? kTiny : numerator);
    const double divisor = 1 + d * denominator;
    denominator = 1 / (divisor == 0 ? kTiny : divisor);
    value *= numerator * denominator;
    if (std::abs(numerator * denominator - 1) < kEnough) break;
  }
  return 1 / value;
}

/// I_x(a, b). The fraction converges fast below x = (a + 1) / (a + b + 2); above, use the mirror.
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double normal_quantile(double p) {
  if (p <= 0) return -std::numeric_limits<double>::infinity();
  if (p >= 1) return std::numeric_limits<double>::infinity();
  if (p > 0.5) return -normal_quantile(1 - p);
  // Abramowitz and Stegun 26.2.23 is right to 4.5e-4; every step of Halley's method triples the digits.
  const double t = std::sqrt(-2 * std::log(p));
  double z = (2.515517 + t * (0.802853 + t * 0.010328)) /
                 (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) -
             t;
  for (int step = 0; step < 3; ++step) {
    const double error = (normal_cdf(z) - p) / normal_density(z);
    z -= error / (1 + 0.5 * z * error);
  }
  return z;
}

double student_cdf(double t, double freedom) {
  const double tail = 0.5 * incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t));
  return t > 0 ? 1 - tail : tail;
}

double student_quantile(double p, double freedom) {
  double low = -1, high = 1;
  while (student_cdf(low, freedom) > p) low *= 2;
  while (student_cdf(high, freedom) < p) high *= 2;
  for (int step = 0; step < 200 && low < high; ++step) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (student_cdf(middle, freedom) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace litebench::analysis
