#pragma once
// All that an audit of a run's tables needs, read once: rows, tables, how they were made, what others printed.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/audit/ledger.hpp"
#include "analysis/audit/recompute.hpp"
#include "analysis/manifest.hpp"
#include "analysis/options/table_options.hpp"
#include "analysis/published/published.hpp"
#include "analysis/rows/read_results.hpp"
#include "analysis/tables/table.hpp"

namespace litebench::analysis::audit {

/// The folder must not move while it lives.
struct Dossier {
  explicit Dossier(const std::filesystem::path& folder);
  Dossier(const Dossier&) = delete;
  Dossier& operator=(const Dossier&) = delete;

  /// The tables once more, from the rows and `options`, with the same draws; made when first asked for. Needs `options`.
  const std::vector<Table>& made_again() const;

  std::filesystem::path folder;
  Run run;  ///< from results.h5
  Stamp stamp;
  Manifest manifest;
  std::vector<Table> tables;
  std::optional<TableOptions> options;  ///< [tables] that the tables were made with
  std::optional<Published> published;
  Ledger ledger;
  Counting counting;

 private:
  mutable std::optional<std::vector<Table>> made_again_;
};

/// What a cell claims to be. A number that others printed has no metric: see published_value.
Claim claim_of(const Cell& cell);

/// The number in the published table for a cell of a row ".../published"; nothing when the cell is no such one or the
/// source does not have it.
std::optional<double> published_value(const Dossier& dossier, const Table& table, std::size_t row,
                                      std::size_t column);
bool is_published_row(const Row& row);

}  // namespace litebench::analysis::audit
