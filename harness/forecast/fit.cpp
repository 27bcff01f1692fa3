#include "harness/forecast/fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

namespace litebench::forecast {
namespace {

using Matrix = std::vector<std::vector<double>>;

/// Solves a·c = b by elimination with pivoting; nothing when `a` is singular.
std::optional<std::vector<double>> solve(Matrix a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i)
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    if (std::abs(a[pivot][k]) < 1e-10) return std::nullopt;  // columns are scaled to 1 or less
    std::swap(a[k], a[pivot]);
    std::swap(b[k], b[pivot]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a[i][k] / a[k][k];
      for (std::size_t j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
  return b;
}

/// Least squares of rows·c = 1 over the chosen columns; nothing when it has no one answer.
std::optional<std::vector<double>> least_squares(const Matrix& rows,
                                                 const std::vector<std::size_t>& columns) {
  const std::size_t n = columns.size();
  Matrix normal(n, std::vector<double>(n, 0));
  std::vector<double> right(n, 0);
  for (const std::vector<double>& row : rows) {
    for (std::size_t i = 0; i < n; ++i) {
      right[i] += row[columns[i]];
      for (std::size_t j = 0; j < n; ++j) normal[i][j] += row[columns[i]] * row[columns[j]];
    }
  }
  return solve(std::move(normal), std::move(right));
}

double squared_error(const Matrix& rows, std::span<const double> c) {
  double sum = 0;
  for (const std::vector<double>& row : rows) {
    const double error = dot(c, row) - 1;
    sum += error * error;
  }
  return sum;
}

}  // namespace

double dot(std::span<const double> c, std::span<const double> x) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(c.size(), x.size()); ++i) sum += c[i] * x[i];
  return sum;
}

std::vector<double> fit(std::span<const Point> points) {
  if (points.empty()) return {};
  const std::size_t features = points.front().x.size();
  std::vector<double> scale(features, 0), best(features, 0);
  Matrix rows;
  for (const Point& point : points) {
    if (!(point.y > 0)) continue;
    rows.push_back(point.x);
    for (std::size_t f = 0; f < features; ++f) {
      rows.back()[f] /= point.y;
      scale[f] = std::max(scale[f], rows.back()[f]);
    }
  }
  for (std::vector<double>& row : rows)
    for (std::size_t f = 0; f < features; ++f) row[f] /= scale[f] > 0 ? scale[f] : 1;
  // With a handful of features every choice of those that are not 0 can be tried; fewer win ties.
  double least = squared_error(rows, best);
  for (std::size_t chosen = 1; chosen < (std::size_t{1} << features); ++chosen) {
    std::vector<std::size_t> columns;
    for (std::size_t f = 0; f < features; ++f)
      if ((chosen >> f & 1) != 0) columns.push_back(f);
    const auto answer = least_squares(rows, columns);
    if (!answer || std::any_of(answer->begin(), answer->end(), [](double c) { return c < 0; }))
      continue;
    std::vector<double> c(features, 0);
    for (std::size_t i = 0; i < columns.size(); ++i) c[columns[i]] = (*answer)[i];
    const double error = squared_error(rows, c);
    if (error < least - 1e-12) {
      least = error;
      best = c;
    }
  }
  for (std::size_t f = 0; f < features; ++f) best[f] /= scale[f] > 0 ? scale[f] : 1;
  return best;
}

}  // namespace litebench::forecast
