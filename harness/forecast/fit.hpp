#pragma once
// Non-negative coefficients of a cost that is linear in known features (rows, rows², calls).

#include <span>
#include <vector>

namespace litebench::forecast {

struct Point {
  std::vector<double> x;  ///< features, not negative
  double y = 0;           ///< measured, above 0
};

/// c >= 0 that minimises Σ (c·x / y − 1)²: errors count relative to what was measured, so that short
/// shapes weigh as much as long ones. With fewer points than features some of c are 0. Points whose
/// y is not positive are left out; without any all of c are 0.
std::vector<double> fit(std::span<const Point> points);

/// c·x
double dot(std::span<const double> c, std::span<const double> x);

}  // namespace litebench::forecast
