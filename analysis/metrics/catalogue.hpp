#pragma once
// Every number that a table can hold: its name in cells and user tables, its heading and its formula.

#include <cstdint>
#include <span>
#include <string_view>

#include "analysis/tables/table.hpp"

namespace litebench::analysis {

/// Which rows of results.h5 a metric sums.
enum class RowsOf : std::uint8_t {
  expressions,  ///< /expressions of paired samples, accuracy pass
  tokens,       ///< /units with status ok, both passes
  latency,      ///< /units of the latency pass, paired with the baseline by sample and repeat
  cold_starts,  ///< /cold_starts, and /units of the same sample, variant and attempt
};

struct Metric {
  std::string_view name, heading;
  Unit unit = Unit::percent;
  RowsOf rows = RowsOf::expressions;
  std::string_view formula;  ///< in terms of columns of results.h5
};

std::span<const Metric> metrics();
/// nullptr when there is none of that name.
const Metric* find_metric(std::string_view name);

}  // namespace litebench::analysis
