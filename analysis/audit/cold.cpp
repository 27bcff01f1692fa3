#include "analysis/audit/cold.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace litebench::analysis::audit {
namespace {

/// By sorting: the tables select.
double middle(std::vector<std::int64_t> values) {
  std::sort(values.begin(), values.end());
  const auto low = values[(values.size() - 1) / 2], high = values[values.size() / 2];
  return static_cast<double>(low + high) / 2;
}

double middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

std::vector<std::int64_t> timed_beside(const Run& run, const results::Unit& first) {
  std::vector<std::int64_t> times;
  for (const results::Unit& unit : run.units) {
    if (unit.sample_id == first.sample_id && unit.variant == first.variant &&
        unit.attempt == first.attempt && unit.pass == store::Pass::latency &&
        unit.status == store::Status::ok && unit.total_ns > 0)
      times.push_back(unit.total_ns);
  }
  return times;
}

}  // namespace

bool is_cold_metric(std::string_view metric) {
  return metric == "starts" || metric == "first_ms" || metric == "warm_ms" ||
         metric == "first_over_warm";
}

Evidence cold_evidence(const Ledger& ledger, std::string_view metric, const Where& where) {
  Evidence evidence;
  evidence.known = true;
  evidence.table = "cold_starts";
  const Run& run = ledger.run();
  std::vector<std::int64_t> first;
  std::vector<double> warm;
  for (std::size_t row = 0; row < run.cold_starts.size(); ++row) {
    const results::Unit& unit = run.cold_starts[row];
    if (unit.variant != where.variant || unit.protocol != where.protocol ||
        unit.status != store::Status::ok || unit.total_ns <= 0)
      continue;
    const std::vector<std::int64_t> beside = timed_beside(run, unit);
    if (beside.empty()) continue;
    first.push_back(unit.total_ns);
    warm.push_back(middle(beside));
    evidence.rows.push_back(row);
  }
  evidence.formula =
      "first_ms = median of total_ns of first runs / 1e6, warm_ms = median over them of the median "
      "of the timed runs of the same sample, variant and attempt / 1e6";
  if (first.empty()) return evidence;
  const double cold_ns = middle(first), warm_ns = middle(warm);
  evidence.steps.push_back(fmt::format("{} first runs, median {:.0f} ns; warm median {:.0f} ns",
                                       first.size(), cold_ns, warm_ns));
  evidence.value = metric == "starts"     ? static_cast<double>(first.size())
                   : metric == "first_ms" ? cold_ns / 1e6
                   : metric == "warm_ms"  ? warm_ns / 1e6
                                          : cold_ns / warm_ns;
  return evidence;
}

}  // namespace litebench::analysis::audit
