#pragma once
// The tables of a run: what stands in which column.

#include <optional>
#include <string>
#include <vector>

#include "analysis/metrics/summary.hpp"
#include "analysis/published/published.hpp"
#include "analysis/tables/table.hpp"

namespace litebench::analysis {

struct TableInput {
  const Run& run;
  const Summary& summary;
  std::string verdict;  ///< the line above every table
  SummaryOptions options;
  std::optional<Published> published;  ///< shown beside the measured numbers
};

/// Variant × split cIoU, averages, retention, gIoU, P@0.5, speed-up, memory, tokens.
Table main_table(const TableInput& input);

/// Every metric of every variant on every split.
Table metrics_table(const TableInput& input);

/// Times, memory and work of the latency pass with their ratios to the baseline.
Table efficiency_table(const TableInput& input);

/// Shared by the tables: variants by falling budget, unpruned first.
std::vector<std::size_t> variants_by_budget(const Run& run);
/// The id without its budget: the budget has a column of its own.
std::string method_label(const Variant& variant);
/// What every caption says: teacher forcing, conventions, sums, the attention kernel if it is
/// known.
std::string caption_of(const TableInput& input, const std::string& first_sentence);
/// Why a cell that needs the latency pass is empty; "" when it need not be.
std::string why_no_latency(const TableInput& input);

}  // namespace litebench::analysis
