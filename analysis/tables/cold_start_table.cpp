// What the first run of a variant costs, beside a warm one.

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "analysis/metrics/cold_starts.hpp"
#include "analysis/tables/cells.hpp"

namespace litebench::analysis {
namespace {

const Process& process_of(const Run& run, std::int32_t attempt) {
  return run.processes[static_cast<std::size_t>(attempt)];
}

/// Whether nothing of the run was computed in that process before its first latency bundle: an
/// accuracy pass, or an earlier pack of variants (which has a shard of its own), reads the weights.
bool began_cold(const Run& run, std::int32_t attempt) {
  const Process& own = process_of(run, attempt);
  return std::none_of(run.bundles.begin(), run.bundles.end(), [&](const results::Bundle& bundle) {
    const Process& other = process_of(run, bundle.attempt);
    return other.attempt == own.attempt && other.rank == own.rank &&
           (bundle.pass == store::Pass::accuracy || bundle.attempt != attempt);
  });
}

/// First runs of all in processes that began cold: they pay for what all variants share.
std::vector<double> first_of_all_ms(const Run& run) {
  std::vector<double> milliseconds;
  for (const results::Unit& unit : run.cold_starts) {
    if (unit.order == 0 && unit.total_ns > 0 && began_cold(run, unit.attempt))
      milliseconds.push_back(static_cast<double>(unit.total_ns) / 1e6);
  }
  return milliseconds;
}

}  // namespace

Table cold_start_table(const TableInput& input) {
  constexpr std::array<std::string_view, 4> kMetrics{"starts", "first_ms", "warm_ms",
                                                     "first_over_warm"};
  Table table = variant_rows(input, "cold-start", "Cold start", kMetrics);
  table.caption = caption_of(
      input,
      "First run of a variant and length of prompt in a process, and the timed runs of the "
      "same conversation there: medians of the total time.");
  const std::vector<double> first = first_of_all_ms(input.run);
  if (first.empty()) {
    table.notes.emplace_back(
        "These processes had computed before (accuracy pass, other variants), so weights and "
        "memory "
        "pools were in place; set passes.accuracy = false to see processes that begin cold.");
  } else {
    table.notes.push_back(fmt::format(
        "The very first run of a process pays for what all share too: {} ms in the median of {}.",
        printed(median_of(first), Unit::milliseconds), first.size()));
  }
  if (const auto seconds = load_seconds(input.run); !seconds.empty()) {
    table.notes.push_back(fmt::format(
        "Making the model before it took {:.2f} s in the median of {} processes; weights "
        "that are mapped may be read only by the first run.",
        median_of(seconds), seconds.size()));
  }
  table.notes.emplace_back("No other table counts first runs.");
  return table;
}

}  // namespace litebench::analysis
