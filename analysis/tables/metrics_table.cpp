// One row per variant and split: everything that the main table averages. And the same rows under
// other conventions.

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "analysis/metrics/catalogue.hpp"
#include "analysis/metrics/conventions.hpp"
#include "analysis/tables/cells.hpp"

namespace litebench::analysis {
namespace {

/// Calls take(protocol, variant, split) for every row of a long table.
template <typename Take>
void each_row(const TableInput& in, Take take) {
  for (std::size_t p = 0; p < in.run.protocols.size(); ++p) {
    for (const std::size_t v : variants_by_budget(in.run)) {
      for (std::size_t s = 0; s < in.run.splits.size(); ++s) take(p, v, s);
    }
  }
}

Row labelled(const TableInput& in, std::size_t p, std::size_t v, std::size_t s) {
  const std::string id = fmt::format("{}/{}", row_id(in, p, v), in.run.splits[s]);
  Row row;
  row.rule_above = s == 0;
  add_labels(row, in, p, v, id);
  row.cells.push_back(text_cell(id + "/split", in.run.splits[s]));
  return row;
}

}  // namespace

Table metrics_table(const TableInput& input) {
  Table table;
  table.tag = "metrics";
  table.title = "Metrics by split";
  table.verdict = input.verdict;
  table.caption =
      caption_of(input, "cIoU is oIoU, gIoU is mIoU; P@t counts IoU >= t. All in percent.");
  std::vector<std::string_view> metrics{"expressions", "seeds", "ciou", "giou", "p50",
                                        "p60",         "p70",   "p80",  "p90"};
  const bool without_target =
      std::any_of(input.summary.accuracy.begin(), input.summary.accuracy.end(),
                  [](const Accuracy& a) { return a.n_acc.has_value(); });
  if (without_target) metrics.insert(metrics.end(), {"n_acc", "t_acc"});
  add_label_columns(table, input);
  table.columns.push_back({"split", "Split", Unit::text});
  for (const std::string_view metric : metrics) table.columns.push_back(column_of(metric));
  each_row(input, [&](std::size_t p, std::size_t v, std::size_t s) {
    Row row = labelled(input, p, v, s);
    for (const std::string_view metric : metrics) {
      row.cells.push_back(metric_cell(input, metric, {p, static_cast<std::int32_t>(s), v}));
      const bool main = metric == "ciou" || metric == "giou";
      row.cells.back().form = main ? IntervalForm::bounds : IntervalForm::hidden;
    }
    table.rows.push_back(std::move(row));
  });
  table.notes = notes_on_intervals(input);
  for (const std::string& note : notes_on_marks(input)) table.notes.push_back(note);
  if (without_target) {
    table.notes.emplace_back(
        "N-acc, T-acc: share answered with an empty mask among expressions that refer to nothing, "
        "and with a mask among the "
        "others.");
  }
  return table;
}

Table conventions_table(const TableInput& input) {
  Table table;
  table.tag = "conventions";
  table.title = "Which convention gives which number";
  table.verdict = input.verdict;
  table.caption =
      "The same masks counted in other ways, in percent. Teacher-forced." + clause_on_remark(input);
  add_label_columns(table, input);
  table.columns.push_back({"split", "Split", Unit::text});
  for (const Convention& c : conventions()) {
    table.columns.push_back({std::string(c.name), std::string(c.heading), Unit::percent});
    table.notes.push_back(fmt::format("{}: {}.", c.heading, c.meaning));
  }
  const ConventionValues values = count_by_conventions(input.run, input.pairing);
  each_row(input, [&](std::size_t p, std::size_t v, std::size_t s) {
    Row row = labelled(input, p, v, s);
    const auto& found = values.at(p, s, v);
    for (std::size_t c = 0; c < conventions().size(); ++c) {
      const std::string_view name = conventions()[c].name;
      Cell cell =
          number_cell(fmt::format("{}/{}/{}", row_id(input, p, v), input.run.splits[s], name),
                      found[c], Unit::percent, "");
      cell.origin = {std::string(name),
                     {input.run.variants[v].id},
                     {input.run.splits[s]},
                     static_cast<std::int16_t>(p),
                     ""};
      row.cells.push_back(std::move(cell));
    }
    table.rows.push_back(std::move(row));
  });
  return table;
}

}  // namespace litebench::analysis
