#include <fmt/core.h>

#include "analysis/metrics/catalogue.hpp"
#include "analysis/tables/cells.hpp"

namespace litebench::analysis {
namespace {

std::string name_of(Against against) { return against == Against::baseline ? "baseline" : "rival"; }

void add_row(Table& table, const TableInput& in, const Comparison& c) {
  const std::string split =
      c.split == kAverage ? "average" : in.run.splits[static_cast<std::size_t>(c.split)];
  const std::string id =
      fmt::format("{}/{}/{}", row_id(in, static_cast<std::size_t>(c.protocol), c.variant), split,
                  name_of(c.against));
  Row row;
  add_labels(row, in, static_cast<std::size_t>(c.protocol), c.variant, id);
  row.cells.push_back(text_cell(id + "/against", in.run.variants[c.other].id));
  row.cells.push_back(text_cell(id + "/split", split));
  const auto add = [&](const char* metric, std::optional<double> value, Unit unit) {
    Cell cell = number_cell(fmt::format("{}/{}", id, metric), value, unit, "");
    cell.origin.metric = metric;
    cell.origin.variants = {in.run.variants[c.variant].id, in.run.variants[c.other].id};
    cell.origin.splits = c.split == kAverage ? in.run.splits : std::vector<std::string>{split};
    cell.origin.protocol = c.protocol;
    row.cells.push_back(std::move(cell));
  };
  add("ciou_delta", c.difference, Unit::points);
  row.cells.back().interval = c.interval;
  add("p", c.p, Unit::p_value);
  add("adjusted_p", c.adjusted_p, Unit::p_value);
  add("detectable", c.detectable, Unit::points);
  add("equivalence_p", c.equivalence_p, Unit::p_value);
  row.cells.push_back(text_cell(id + "/finding", finding_of(c, in.inference.options)));
  table.rows.push_back(std::move(row));
}

/// The averages first, then split by split; within them in the order of the main table.
template <typename Take>
void each_comparison(const TableInput& in, Take take) {
  for (const Against against : {Against::baseline, Against::rival}) {
    for (std::size_t p = 0; p < in.run.protocols.size(); ++p) {
      for (std::int32_t split = kAverage; split < static_cast<std::int32_t>(in.run.splits.size());
           ++split) {
        bool first = true;
        for (const std::size_t v : variants_by_budget(in.run)) {
          if (const Comparison* c = in.inference.find(against, p, split, v)) {
            take(*c, first);
            first = false;
          }
        }
      }
    }
  }
}

}  // namespace

std::string finding_of(const Comparison& c, const InferenceOptions& options) {
  if (c.adjusted_p < options.alpha) return c.difference > 0 ? "better" : "worse";
  if (c.equivalence_p && *c.equivalence_p < options.alpha) return "equivalent";
  return "undecided";
}

Table comparisons_table(const TableInput& input) {
  const InferenceOptions& options = input.inference.options;
  Table table;
  table.tag = "comparisons";
  table.title = "Differences of cIoU";
  table.verdict = input.verdict;
  table.caption = caption_of(
      input,
      fmt::format("cIoU minus that of {} and of the best other variant of the same budget, in "
                  "percentage points, on the same images.",
                  input.options.baseline));
  add_label_columns(table, input);
  table.columns.insert(table.columns.end(), {{"against", "Against", Unit::text},
                                             {"split", "Split", Unit::text},
                                             {"ciou_delta", "Δ cIoU", Unit::points},
                                             {"p", "p", Unit::p_value},
                                             {"adjusted_p", "Adjusted p", Unit::p_value},
                                             {"detectable", "Detectable", Unit::points},
                                             {"equivalence_p", "Equivalence p", Unit::p_value},
                                             {"finding", "Finding", Unit::text}});
  each_comparison(input, [&](const Comparison& c, bool first) {
    add_row(table, input, c);
    table.rows.back().rule_above = first;
  });
  table.notes = notes_on_intervals(input);
  table.notes.push_back(fmt::format(
      "p: images' contributions with random signs, {} patterns. Adjusted: {} over all rows "
      "against the same kind of opponent.",
      options.draws.draws, options.correction == Correction::holm ? "Holm" : "Benjamini-Hochberg"));
  table.notes.push_back(
      fmt::format("Detectable: smallest true difference found with probability {:.0f} % at p < {}.",
                  100 * options.power, options.alpha));
  table.notes.push_back(fmt::format("Equivalence p: two one-sided t tests against ±{} points.",
                                    printed(options.margin, Unit::percent)));
  return table;
}

}  // namespace litebench::analysis
