#pragma once
// The rows of a run as the metrics see them, and its samples in the order in which the reference would have met them.

#include <cstddef>
#include <vector>

#include "analysis/metrics/tally.hpp"
#include "analysis/rows/run.hpp"

namespace litebench::analysis {

/// What an expression row says, for the metrics.
inline Counts counts_of(const results::Expression& e) {
  return {e.intersection, e.union_, e.target_area + e.overlap_area > 0, e.predicted_area > 0};
}

/// One visit of a sample by one of the reference's ranks.
struct Visit {
  std::size_t sample = 0;  ///< index into Run::samples
  std::size_t rank = 0;
};

/// Every split of every protocol dealt out to `ranks` ranks like the reference's sampler does, padded with its own beginning
/// (upstream.md §7.7). With one rank: every sample once, in evaluation order.
std::vector<Visit> dealt_out(const Run& run, std::size_t ranks);

}  // namespace litebench::analysis
