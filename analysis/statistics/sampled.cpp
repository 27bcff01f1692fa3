#include "analysis/statistics/sampled.hpp"

#include <cassert>
#include <limits>

#include "kernels/random/philox.hpp"

namespace litebench::analysis {
namespace {

double ratio(double numerator, double denominator, double epsilon) {
  if (denominator <= 0) return std::numeric_limits<double>::quiet_NaN();
  return numerator / (denominator + epsilon);
}

}  // namespace

double ResampledTable::total(std::size_t column) const {
  double sum = 0;
  for (std::size_t c = 0; c < table.clusters.size(); ++c) {
    sum += table.values[c * table.columns + column];
  }
  return sum;
}

std::optional<Sampled> ratio_of_sums(const ResampledTable& from, std::size_t numerator,
                                     std::size_t denominator, double epsilon) {
  const double over = from.total(numerator), under = from.total(denominator);
  if (under <= 0) return std::nullopt;
  Sampled out;
  out.estimate = ratio(over, under, epsilon);
  const auto draws = static_cast<std::size_t>(from.draws);
  const double* overs = from.sums.data() + numerator * draws;
  const double* unders = from.sums.data() + denominator * draws;
  out.draws.resize(draws);
  for (std::size_t d = 0; d < draws; ++d) out.draws[d] = ratio(overs[d], unders[d], epsilon);
  out.without.assign(from.all_clusters, out.estimate);
  for (std::size_t c = 0; c < from.places.size(); ++c) {
    const double* row = from.table.values.data() + c * from.table.columns;
    out.without[from.places[c]] = ratio(over - row[numerator], under - row[denominator], epsilon);
  }
  return out;
}

Sampled combine(const Sampled& a, const Sampled& b,
                const std::function<double(double, double)>& f) {
  assert(a.draws.size() == b.draws.size() && a.without.size() == b.without.size());
  Sampled out{f(a.estimate, b.estimate), a.draws, a.without};
  for (std::size_t d = 0; d < out.draws.size(); ++d) out.draws[d] = f(a.draws[d], b.draws[d]);
  for (std::size_t c = 0; c < out.without.size(); ++c) {
    out.without[c] = f(a.without[c], b.without[c]);
  }
  return out;
}

Sampled mean_of(std::span<const Sampled> parts) {
  assert(!parts.empty());
  Sampled out = parts.front();
  for (const Sampled& part : parts.subspan(1)) {
    out = combine(out, part, [](double a, double b) { return a + b; });
  }
  const auto count = static_cast<double>(parts.size());
  return combine(out, out, [count](double a, double) { return a / count; });
}

Sampled mean_of_repetitions(std::span<const Sampled> repetitions, std::uint64_t seed,
                            std::uint64_t stream) {
  Sampled out = mean_of(repetitions);
  const auto count = static_cast<std::uint32_t>(repetitions.size());
  if (count < 2) return out;
  for (std::size_t d = 0; d < out.draws.size(); ++d) {
    kernels::PhiloxStream random(seed ^ stream, (std::uint64_t{1} << 63) | d);
    double sum = 0;
    for (std::uint32_t i = 0; i + 1 < count; ++i) sum += repetitions[random.below(count)].draws[d];
    out.draws[d] = sum / (count - 1);
  }
  return out;
}

}  // namespace litebench::analysis
