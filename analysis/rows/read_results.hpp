#pragma once
// results.h5 back into a Run, for everything that looks at numbers after the run: audits, comparisons, exports, reports.

#include <filesystem>
#include <string>

#include "analysis/rows/run.hpp"

namespace litebench::analysis {

/// What a file says about itself.
struct Stamp {
  std::string verdict, family;
  std::string fingerprint;  ///< of all rows, times included: which run an artefact was made from
  std::string answers;  ///< of the rows that do not depend on ranks, machines' speed or restarts
};

/// All tables of `file`. The plan, what could not be read and what disagreed are not in it: those fields stay empty.
/// Throws Error{io} when there is no file, Error{data} when it is damaged, of another schema, or a row points outside of
/// the lists.
Run read_results(const std::filesystem::path& file);

Stamp read_stamp(const std::filesystem::path& file);

}  // namespace litebench::analysis
