#pragma once
// A run directory becomes results.h5, tables and a verdict. Needs neither LibTorch nor MPI.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/metrics/summary.hpp"
#include "analysis/rows/verdict.hpp"
#include "analysis/tables/table.hpp"
#include "analysis/tables/writers.hpp"

namespace litebench::analysis {

struct ReduceOptions {
  Accumulation accumulation = Accumulation::exact;
  std::int32_t padded_ranks = 1;  ///< see SummaryOptions
  std::string baseline;           ///< variant id; "": the run's [tables] baseline, else "none"
  std::string reference;  ///< published numbers; "": the run's [tables] reference, else none
  std::filesystem::path
      tables;                ///< a TOML file whose [tables] replaces the run's; "": the run's own
  std::int32_t threads = 0;  ///< 0: as many as the process may use
  std::filesystem::path output;     ///< "": the run directory
  std::filesystem::path data_root;  ///< pictures of the report; "": the run's [data] root
  std::vector<Format> formats{Format::markdown, Format::latex, Format::csv, Format::json};
};

struct Reduction {
  Verdict verdict;
  std::vector<Table> tables;       ///< main first
  std::vector<std::string> print;  ///< names of those that are meant for the terminal
  std::string report_problem;      ///< why there is no report page; "" where there is one
};

/// Reads RUN/shards and writes OUTPUT/results.h5, OUTPUT/tables/*, OUTPUT/report/index.html, OUTPUT/verdict.json. A run that
/// is not VALID is reduced all the same; the verdict stands above its tables. A page that cannot be written costs only itself. Throws Error{io},
/// Error{data} (nothing readable, contradictory rows) and Error{usage} (unknown reference).
Reduction reduce(const std::filesystem::path& run, const ReduceOptions& options = {});

/// The same for rows that are in memory already; `options.output` is not looked at.
Reduction reduce_rows(const Run& run, const std::filesystem::path& output,
                      const ReduceOptions& options = {});

}  // namespace litebench::analysis
