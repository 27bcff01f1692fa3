// What the first run of a variant costs, beside a warm one.

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/core.h>

#include "analysis/metrics/cold_starts.hpp"
#include "analysis/tables/cells.hpp"

namespace litebench::analysis {
namespace {

const Process& process_of(const Run& run, std::int32_t attempt) {
  return run.processes[static_cast<std::size_t>(attempt)];
}

/// Begin of the first bundle that the shard `attempt` timed.
std::int64_t begin_of_timing(const Run& run, std::int32_t attempt) {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const results::Bundle& bundle : run.bundles) {
    if (bundle.attempt == attempt && bundle.pass == store::Pass::latency)
      first = std::min<std::int64_t>(first, bundle.begin_ns);
  }
  return first;
}

/// Whether that process computed nothing of the run before: what an accuracy pass or an earlier pack of variants (which
/// has a shard of its own) leaves behind is weights that were read and memory that was taken.
bool began_cold(const Run& run, std::int32_t attempt) {
  const Process& own = process_of(run, attempt);
  const std::int64_t begin = begin_of_timing(run, attempt);
  return std::none_of(run.bundles.begin(), run.bundles.end(), [&](const results::Bundle& bundle) {
    const Process& other = process_of(run, bundle.attempt);
    return other.attempt == own.attempt && other.rank == own.rank && bundle.begin_ns < begin;
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
        "memory pools were in place: none of these is the first run of its process.");
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
