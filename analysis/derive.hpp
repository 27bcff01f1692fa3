#pragma once
// Rows become tables, without a file being read or written: what the reducer prints, and what verify holds it against.

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/metrics/summary.hpp"
#include "analysis/options/table_options.hpp"
#include "analysis/rows/pairing.hpp"
#include "analysis/rows/run.hpp"
#include "analysis/tables/table.hpp"

namespace litebench::analysis {

struct DeriveOptions {
  TableOptions tables;
  SummaryOptions summary;
  std::int32_t threads = 0;  ///< 0: as many as the process may use
  std::string verdict;       ///< the line above every table
};

struct Derived {
  std::vector<Table> tables;  ///< main first
  bool timed = false;         ///< there is a latency pass, so tables depend on more than answers
};

/// A function of its arguments alone: every thread count gives the same numbers. Throws Error{usage} for an unknown
/// reference, or a user's table that cannot be made.
Derived derive_tables(const Run& run, const Pairing& pairing, const DeriveOptions& options);

}  // namespace litebench::analysis
