#pragma once
// Names of a run's contents: equal when the rows are equal.

#include <string>
#include <utility>
#include <vector>

namespace litebench::analysis {

/// 32 hex digits each; attributes of results.h5's root, and on everything that is made from it.
struct Fingerprints {
  std::string
      rows;  ///< `fingerprint`: every table, times included: which run an artefact was made from
  std::string
      answers;  ///< `answers`: the tables without times and attempts; equal for every number of ranks
  bool operator==(const Fingerprints&) const = default;
};

/// From the tables of results.h5 and the hashes of their rows, in any order.
Fingerprints fingerprints_of(std::vector<std::pair<std::string, std::string>> hashes);

}  // namespace litebench::analysis
