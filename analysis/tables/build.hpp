#pragma once
// The tables of a run: what stands in which column.

#include <optional>
#include <string>
#include <vector>

#include "analysis/metrics/inference.hpp"
#include "analysis/metrics/summary.hpp"
#include "analysis/options/table_options.hpp"
#include "analysis/published/published.hpp"
#include "analysis/tables/table.hpp"

namespace litebench::analysis {

struct TableInput {
  const Run& run;
  const Pairing& pairing;
  const Summary& summary;
  const Inference& inference;
  const TableOptions& tables;
  std::string verdict;  ///< the line above every table
  SummaryOptions options;
  std::optional<Published> published;  ///< shown beside the measured numbers
};

/// The tables that the options ask for, main first. Tables without a row are left out.
std::vector<Table> build_tables(const TableInput& input);

/// Variant × split cIoU, averages, retention, gIoU, P@0.5, speed-up, memory, tokens.
Table main_table(const TableInput& input);

/// Every metric of every variant on every split.
Table metrics_table(const TableInput& input);

/// Times, memory and work of the latency pass with their ratios to the baseline.
Table efficiency_table(const TableInput& input);

/// First runs beside warm ones.
Table cold_start_table(const TableInput& input);

/// Differences to the baseline and to the best rival, with p, correction, detectable effect and equivalence.
Table comparisons_table(const TableInput& input);

/// What a budget buys: cIoU, speed-up and memory, and who is better in one and worse in none.
Table pareto_table(const TableInput& input);

/// Where the time saved in prefill repays the selector.
Table break_even_table(const TableInput& input);

/// cIoU by size of the target, words of place and length of the expression; by category.
Table slices_table(const TableInput& input);
Table categories_table(const TableInput& input);

/// The same rows under every convention of counting.
Table conventions_table(const TableInput& input);

/// What each process did, waited for and took longest over.
Table stragglers_table(const TableInput& input);

/// Units that did not end in ok.
Table failures_table(const TableInput& input);

/// A table of the user's. Throws Error{usage} for an unknown axis, value or metric.
Table axis_table(const TableInput& input, const AxisTable& wanted);

/// Shared by the tables: variants by falling budget, unpruned first.
std::vector<std::size_t> variants_by_budget(const Run& run);
/// The id without its budget: the budget has a column of its own.
std::string method_label(const Variant& variant);
/// What the checkpoint wants said wherever its numbers are shown, with a space before it; "" if nothing.
std::string clause_on_remark(const TableInput& input);
/// What every caption says: teacher forcing, conventions, sums, the attention kernel if it is
/// known.
std::string caption_of(const TableInput& input, const std::string& first_sentence);
/// What the protocols of a run are, of the later ones only what differs from the first; nothing for a run of one.
std::vector<std::string> notes_on_protocols(const Run& run);
/// What ± and [ ] mean; nothing when no intervals were asked for.
std::vector<std::string> notes_on_intervals(const TableInput& input);
/// What the marks of best and second mean.
std::vector<std::string> notes_on_marks(const TableInput& input);
/// better, worse, equivalent or undecided.
std::string finding_of(const Comparison& comparison, const InferenceOptions& options);
/// Why a cell that needs the latency pass is empty; "" when it need not be.
std::string why_no_latency(const TableInput& input);

}  // namespace litebench::analysis
