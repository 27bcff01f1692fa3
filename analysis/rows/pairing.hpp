#pragma once
// Which samples a table may count: those that every feasible variant answered.

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/rows/run.hpp"

namespace litebench::analysis {

/// Why a sample is left out of all variants.
struct Exclusion {
  std::size_t sample = 0;  ///< index into Run::samples
  std::int16_t variant = 0, seed = 0;
  store::Status status{};
};

struct Pairing {
  std::vector<char> paired;           ///< per sample of the run
  std::vector<Exclusion> excluded;    ///< failed_decode, failed_sample: will fail again
  std::vector<Exclusion> unfinished;  ///< oom, timeout, poisoned, lost, rows that are not there, and
                                      ///< failed_method: the method is to be mended
  std::set<std::tuple<std::int8_t, std::int16_t, std::int16_t>>
      infeasible;  ///< split, protocol, variant
};

/// Looks at the accuracy pass. A variant that is infeasible for one sample of a split is infeasible
/// there.
Pairing pair_samples(const Run& run);

}  // namespace litebench::analysis
