#include <algorithm>

#include <fmt/core.h>

#include "analysis/metrics/catalogue.hpp"
#include "analysis/metrics/slices.hpp"
#include "analysis/tables/cells.hpp"

namespace litebench::analysis {

std::vector<std::vector<CellEstimate>> slice_estimates(const TableInput& in, const Slicing& slicing,
                                                       std::size_t p) {
  SumOptions sums;
  sums.protocol = static_cast<std::int16_t>(p);
  sums.epsilons = in.summary.epsilons[p];
  sums.padded_ranks = in.options.padded_ranks;
  return estimate_slices(in.run, in.pairing, slicing, sums, in.inference.options);
}

Cell slice_cell(const TableInput& in, const Slicing& slicing, std::size_t slice, std::size_t p,
                std::size_t v, const CellEstimate& estimate) {
  const std::string name = fmt::format("{}={}", slicing.name, slicing.classes[slice]);
  Cell cell = number_cell(fmt::format("{}/{}/ciou", row_id(in, p, v), name), estimate.ciou,
                          Unit::percent, "");
  cell.interval = estimate.interval;
  cell.origin = {
      "ciou", {in.run.variants[v].id}, in.run.splits, static_cast<std::int16_t>(p), name};
  cell.form = IntervalForm::half_width;
  return cell;
}

namespace {

/// A class that some variant has expressions of.
struct ShownClass {
  std::size_t slicing = 0, slice = 0;
  double expressions = 0;  ///< most of any variant and protocol
};

using Estimates = std::vector<std::vector<std::vector<CellEstimate>>>;  // [slicing][class][variant]

std::vector<ShownClass> shown_classes(const std::vector<Slicing>& slicings,
                                      const std::vector<Estimates>& protocols) {
  std::vector<ShownClass> shown;
  for (std::size_t i = 0; i < slicings.size(); ++i) {
    for (std::size_t c = 0; c < slicings[i].classes.size(); ++c) {
      double expressions = 0;
      for (const Estimates& estimates : protocols) {
        for (const CellEstimate& e : estimates[i][c])
          expressions = std::max(expressions, e.expressions);
      }
      if (expressions > 0) shown.push_back({i, c, expressions});
    }
  }
  return shown;
}

}  // namespace

Table slices_table(const TableInput& input) {
  Table table;
  table.tag = "slices";
  table.title = "cIoU by target and wording";
  table.verdict = input.verdict;
  table.caption = caption_of(input, "cIoU in percent over the expressions of all splits together.");
  std::vector<Slicing> slicings;
  for (const char* name : {"size", "words", "length"})
    slicings.push_back(slice_by(input.run, name));
  std::vector<Estimates> protocols(input.run.protocols.size());
  for (std::size_t p = 0; p < protocols.size(); ++p) {
    for (const Slicing& slicing : slicings)
      protocols[p].push_back(slice_estimates(input, slicing, p));
  }
  const std::vector<ShownClass> shown = shown_classes(slicings, protocols);
  add_label_columns(table, input);
  for (const ShownClass& c : shown) {
    const std::string& name = slicings[c.slicing].classes[c.slice];
    table.columns.push_back({fmt::format("{}={}", slicings[c.slicing].name, name),
                             fmt::format("{} ({:.0f})", name, c.expressions), Unit::percent});
  }
  for (std::size_t p = 0; p < protocols.size(); ++p) {
    std::int64_t budget = -1;
    for (const std::size_t v : variants_by_budget(input.run)) {
      Row row{{}, input.run.variants[v].tokens != budget};
      budget = input.run.variants[v].tokens;
      add_labels(row, input, p, v, row_id(input, p, v) + "/slices");
      for (const ShownClass& c : shown) {
        row.cells.push_back(slice_cell(input, slicings[c.slicing], c.slice, p, v,
                                       protocols[p][c.slicing][c.slice][v]));
      }
      table.rows.push_back(std::move(row));
    }
  }
  table.notes = notes_on_intervals(input);
  table.notes.emplace_back(
      "Size: pixels of the target in the original image, small below 32², medium below 96². Words: "
      "\"left\" or \"right\" "
      "alone, another word of place, none. In brackets: expressions.");
  return table;
}

Table categories_table(const TableInput& input) {
  Table table;
  table.tag = "categories";
  table.title = "cIoU by category";
  table.verdict = input.verdict;
  table.caption = caption_of(
      input,
      "cIoU in percent over the expressions of all splits together, by the category of the "
      "annotation.");
  const Slicing slicing = slice_by(input.run, "category");
  table.columns.push_back({"category", "Category", Unit::text});
  table.columns.push_back(column_of("expressions"));
  add_label_columns(table, input);
  table.columns.push_back(column_of("ciou"));
  for (std::size_t p = 0; p < input.run.protocols.size(); ++p) {
    const auto estimates = slice_estimates(input, slicing, p);
    for (std::size_t c = 0; c < slicing.classes.size(); ++c) {
      bool first = true;
      for (const std::size_t v : variants_by_budget(input.run)) {
        const CellEstimate& estimate = estimates[c][v];
        if (!estimate.ciou) continue;
        const std::string id =
            fmt::format("{}/category={}", row_id(input, p, v), slicing.classes[c]);
        Row row{{}, first};
        first = false;
        row.cells.push_back(text_cell(id + "/category", slicing.classes[c]));
        row.cells.push_back(
            number_cell(id + "/expressions", estimate.expressions, Unit::count, ""));
        row.cells.back().origin = {"expressions",
                                   {input.run.variants[v].id},
                                   input.run.splits,
                                   static_cast<std::int16_t>(p),
                                   fmt::format("category={}", slicing.classes[c])};
        add_labels(row, input, p, v, id);
        row.cells.push_back(slice_cell(input, slicing, c, p, v, estimate));
        row.cells.back().form = IntervalForm::bounds;
        table.rows.push_back(std::move(row));
      }
    }
  }
  table.notes = notes_on_intervals(input);
  return table;
}

}  // namespace litebench::analysis
