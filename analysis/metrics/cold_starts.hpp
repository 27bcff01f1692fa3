#pragma once
// First runs of a variant in its process, beside what the same conversation takes once it is warm.

#include <cstdint>
#include <vector>

#include "analysis/rows/run.hpp"

namespace litebench::analysis {

/// One variant under one protocol.
struct ColdStart {
  std::int64_t starts =
      0;  ///< first runs whose conversation was timed afterwards in the same process
  double first_ns = 0,
         warm_ns = 0;  ///< medians of total_ns; of warm runs the median of every start's median
};

/// [protocol][variant]
std::vector<ColdStart> cold_starts(const Run& run);

/// Seconds that each process took to make the model, where it tells.
std::vector<double> load_seconds(const Run& run);

/// Of an even number the mean of the middle two. `values` is not empty.
double median_of(std::vector<double> values);

/// The entry of Process::environment that load_seconds reads.
inline constexpr const char* kLoadSeconds = "model load seconds";

}  // namespace litebench::analysis
