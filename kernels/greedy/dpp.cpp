#include "kernels/greedy/dpp.hpp"

#include <cassert>

#include "kernels/clones.hpp"
#include "kernels/greedy/best_free.hpp"
#include "kernels/greedy/dpp_block.hpp"

namespace litebench::kernels {
namespace {

/// residual -= factor · row, which is all the time this takes.
LITEBENCH_WIDE void subtract(double* residual, const double* row, double factor, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) residual[i] -= factor * row[i];
}

}  // namespace

std::vector<std::int64_t> dpp_selection(const float* similarity, const float* relevance,
                                        std::int64_t n, std::int64_t k) {
  assert(0 <= k && k <= n);
  const auto size = static_cast<std::size_t>(n);
  const auto kernel = [&](std::size_t i, std::size_t j) {
    return dpp_entry(relevance[i], similarity[i * size + j], relevance[j]);
  };
  std::vector<double> gain(size);
  for (std::size_t i = 0; i < size; ++i) gain[i] = kernel(i, i);
  std::vector<double> rows(static_cast<std::size_t>(k) * size);  // of the Cholesky factor
  std::vector<bool> taken(size, false);
  std::vector<std::int64_t> picks;
  for (std::size_t step = 0; step < static_cast<std::size_t>(k); ++step) {
    const std::size_t pick = best_free(gain, taken);
    taken[pick] = true;
    double* row = rows.data() + step * size;
    for (std::size_t i = 0; i < size; ++i) row[i] = kernel(pick, i);
    for (std::size_t earlier = 0; earlier < step; ++earlier) {
      const double* before = rows.data() + earlier * size;
      subtract(row, before, before[pick], size);
    }
    const double root = dpp_root(gain[pick]);
    for (std::size_t i = 0; i < size; ++i) {
      row[i] /= root;
      gain[i] -= row[i] * row[i];
    }
    picks.push_back(static_cast<std::int64_t>(pick));
  }
  return picks;
}

}  // namespace litebench::kernels
