// The statistics of a file of numbers, for comparison with other programs: statistics_resample FILE [DRAWS]. A line is
// `union a b`, the sums of one cluster. Prints JSON: intervals of Σa/Σunion, Σa/Σunion − Σb/Σunion and Σa/Σb, standard errors, p values,
// distribution functions at some points, and corrections of the p values 0.001, 0.008, 0.04, 0.03, 0.5.

#include <cstdlib>
#include <fstream>
#include <iostream>

#include <nlohmann/json.hpp>

#include "analysis/statistics/distributions.hpp"
#include "analysis/statistics/sampled.hpp"
#include "analysis/statistics/significance.hpp"
#include "tests/analysis/statistics/simulate.hpp"

namespace litebench::analysis {
namespace {

nlohmann::json described(const Sampled& sampled) {
  const auto pair = [&](IntervalKind kind) {
    const Interval i = interval_of(sampled, {kind, 0.95}).value();
    return std::vector<double>{i.low, i.high};
  };
  return {{"estimate", sampled.estimate},
          {"percentile", pair(IntervalKind::percentile)},
          {"bca", pair(IntervalKind::bca)},
          {"standard_error", standard_error(sampled).value()}};
}

nlohmann::json distributions() {
  nlohmann::json out;
  for (const double z : {-6.0, -1.96, -0.3, 0.0, 1.0, 4.5})
    out["normal_cdf"].push_back({z, normal_cdf(z)});
  for (const double p : {1e-9, 0.001, 0.025, 0.5, 0.9, 0.99999})
    out["normal_quantile"].push_back({p, normal_quantile(p)});
  for (const double freedom : {1.0, 3.5, 29.0, 10'000.0}) {
    for (const double t : {-40.0, -2.0, -0.1, 0.0, 0.7, 3.0})
      out["student_cdf"].push_back({t, freedom, student_cdf(t, freedom)});
    for (const double p : {0.001, 0.2, 0.8, 0.975})
      out["student_quantile"].push_back({p, freedom, student_quantile(p, freedom)});
  }
  return out;
}

int run(const char* file, std::int32_t draws) {
  ClusterTable table;
  table.columns = 3;
  std::ifstream in(file);
  for (double u = 0, a = 0, b = 0; in >> u >> a >> b;) {
    table.clusters.push_back(table.clusters.size());
    table.values.insert(table.values.end(), {u, a, b});
  }
  DrawOptions options;
  options.draws = draws;
  const ResampledTable resampled = simulated::resampled(table, options);
  const Sampled a = ratio_of_sums(resampled, 1, 0).value(),
                b = ratio_of_sums(resampled, 2, 0).value();
  const Sampled difference = combine(a, b, [](double x, double y) { return x - y; });
  const double error = standard_error(difference).value();
  const double freedom = static_cast<double>(table.clusters.size()) - 1;
  const std::vector<double> p{0.001, 0.008, 0.04, 0.03, 0.5};
  std::cout << nlohmann::json{
      {"ratio", described(a)},
      {"difference", described(difference)},
      {"speed_up", described(ratio_of_sums(resampled, 1, 2).value())},
      {"p", sign_flip_p(simulated::difference_contributions(table), options).front()},
      {"equivalence_p", equivalence_p(difference.estimate, error, freedom, 0.05)},
      {"minimal_detectable_effect", minimal_detectable_effect(error, freedom, 0.05, 0.8)},
      {"distributions", distributions()},
      {"weights", weights_of(std::vector<std::uint64_t>{1, 2, 3}, Scheme::poisson, 5, 0, 100'000)},
      {"holm", holm(p)},
      {"benjamini_hochberg", benjamini_hochberg(p)}};
  return 0;
}

}  // namespace
}  // namespace litebench::analysis

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  return litebench::analysis::run(argv[1], argc > 2 ? std::atoi(argv[2]) : 10'000);
}
