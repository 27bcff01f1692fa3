// The long check of intervals and p values on simulated evaluations with known truth: statistics_coverage [SETS [DRAWS]].
// Prints a Markdown table; docs/measured/statistics.md keeps one.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include <fmt/core.h>

#include "tests/analysis/statistics/simulate.hpp"

namespace {

/// Largest distance between the distribution of the values and the uniform one, and what 99 of 100 uniform samples stay below.
std::pair<double, double> kolmogorov_smirnov(std::vector<double> p) {
  std::sort(p.begin(), p.end());
  const auto n = static_cast<double>(p.size());
  double distance = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, (rank + 1) / n - p[i], p[i] - rank / n});
  }
  return {distance, 1.628 / std::sqrt(n)};
}

double below(const std::vector<double>& p, double alpha) {
  return static_cast<double>(
             std::count_if(p.begin(), p.end(), [&](double x) { return x <= alpha; })) /
         static_cast<double>(p.size());
}

}  // namespace

int main(int argc, char** argv) {
  using namespace litebench::analysis::simulated;
  const std::int64_t sets = argc > 1 ? std::atoll(argv[1]) : 10'000;
  const auto draws = static_cast<std::int32_t>(argc > 2 ? std::atoi(argv[2]) : 2'000);
  std::cout << "| images | sets | cIoU, BCa | cIoU, percentile | difference | retention | cIoU, "
               "expressions resampled singly | "
               "p <= 0.05 | p <= 0.01 | KS distance (99 % below) "
               "|\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const std::size_t images : {30, 100, 300, 1000}) {
    const Coverage c = coverage(sets, images, draws, 100 + images, sets / 4);
    const auto [distance, limit] = kolmogorov_smirnov(c.p);
    std::cout << fmt::format(
                     "| {} | {} | {:.1f} % | {:.1f} % | {:.1f} % | {:.1f} % | {:.1f} % | {:.3f} | "
                     "{:.4f} | {:.4f} ({:.4f}) |\n",
                     images, c.sets, 100 * c.of(c.ciou), 100 * c.of(c.percentile),
                     100 * c.of(c.difference), 100 * c.of(c.retention), 100 * c.naively(),
                     below(c.p, 0.05), below(c.p, 0.01), distance, limit)
              << std::flush;
  }
}
