#pragma once
// Every number of a table a second time, straight from rows, with the steps written down.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/audit/ledger.hpp"

namespace litebench::analysis::audit {

/// What a cell says it is (Origin of tables/table.hpp).
struct Claim {
  std::string metric;                 ///< a name of metrics/catalogue.hpp
  std::vector<std::string> variants;  ///< ids: its own, then what it is compared with
  std::vector<std::string> splits;
  std::int16_t protocol = -1;  ///< −1: the only one
  std::string slice;           ///< "size=small"; "": every expression
  std::string subject;         ///< what its row is about where that is no variant: "attempt/r0"
};

/// How the reducer was told to count; from tables/manifest.json.
struct Counting {
  bool f32 = false;               ///< the reference's float32 sums
  std::int64_t padded_ranks = 1;  ///< images counted as so many padded ranks would
};

struct Evidence {
  bool known = false;           ///< false: the metric has no second path, and why is in `formula`
  std::optional<double> value;  ///< nothing: an empty cell
  std::string formula;
  std::vector<std::string> steps;
  std::string table;              ///< "expressions", "units", "cold_starts" or "bundles"
  std::vector<std::size_t> rows;  ///< of that table, ascending
  std::vector<std::string> left_out;
};

class Recomputer {
 public:
  Recomputer(const Ledger& ledger, Counting counting) : ledger_(ledger), counting_(counting) {}

  [[nodiscard]] Evidence of(const Claim& claim);

 private:
  const Ledger& ledger_;
  Counting counting_;
  std::map<std::string, std::vector<std::string>>
      classes_;  ///< slicing -> class of each row of /expressions
};

}  // namespace litebench::analysis::audit
