#include "analysis/metrics/cold_starts.hpp"

#include <algorithm>
#include <charconv>

namespace litebench::analysis {
namespace {

struct Values {
  std::vector<double> first, warm;
};

bool measured(const results::Unit& unit) {
  return unit.status == store::Status::ok && unit.total_ns > 0;
}

}  // namespace

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

std::vector<ColdStart> cold_starts(const Run& run) {
  std::vector<Values> all(run.protocols.size() * run.variants.size());
  const std::vector<std::size_t> units = starts_of(run.samples, run.units);
  const std::vector<std::size_t> firsts = starts_of(run.samples, run.cold_starts);
  for (std::size_t s = 0; s < run.samples.size(); ++s) {
    for (std::size_t f = firsts[s]; f < firsts[s + 1]; ++f) {
      const results::Unit& first = run.cold_starts[f];
      if (!measured(first)) continue;
      std::vector<double> warm;
      for (std::size_t u = units[s]; u < units[s + 1]; ++u) {
        const results::Unit& unit = run.units[u];
        if (unit.pass == store::Pass::latency && unit.variant == first.variant &&
            unit.attempt == first.attempt && measured(unit))
          warm.push_back(static_cast<double>(unit.total_ns));
      }
      if (warm.empty()) continue;
      Values& to = all[static_cast<std::size_t>(first.protocol) * run.variants.size() +
                       static_cast<std::size_t>(first.variant)];
      to.first.push_back(static_cast<double>(first.total_ns));
      to.warm.push_back(median_of(std::move(warm)));
    }
  }
  std::vector<ColdStart> out;
  for (Values& values : all) {
    ColdStart& start = out.emplace_back();
    start.starts = std::ssize(values.first);
    if (start.starts == 0) continue;
    start.first_ns = median_of(std::move(values.first));
    start.warm_ns = median_of(std::move(values.warm));
  }
  return out;
}

std::vector<double> load_seconds(const Run& run) {
  std::vector<double> seconds;
  for (const Process& process : run.processes) {
    for (const auto& [key, value] : process.environment) {
      if (key != kLoadSeconds) continue;
      double parsed = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
      if (error == std::errc() && end == value.data() + value.size()) seconds.push_back(parsed);
    }
  }
  return seconds;
}

}  // namespace litebench::analysis
