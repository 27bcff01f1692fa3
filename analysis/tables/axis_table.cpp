// Tables of the user's: one metric over any two axes of the sweep.

#include <algorithm>
#include <map>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "analysis/metrics/catalogue.hpp"
#include "analysis/metrics/slices.hpp"
#include "analysis/tables/cells.hpp"
#include "base/error.hpp"
#include "base/suggest.hpp"
#include "shards/unit/variant.hpp"

namespace litebench::analysis {
namespace {

constexpr std::string_view kSlices[] = {"size", "words", "length", "category"};

bool is_slice(std::string_view axis) {
  return std::find(std::begin(kSlices), std::end(kSlices), axis) != std::end(kSlices);
}

/// A place of the sweep and what it is on every axis.
struct Candidate {
  Place place;
  std::size_t slice = 0;
  std::map<std::string, std::string, std::less<>> axes;
};

class AxisTableBuilder {
 public:
  AxisTableBuilder(const TableInput& input, const AxisTable& wanted) : in_(input), wanted_(wanted) {
    for (const std::string& axis : axes_in_use()) {
      if (is_slice(axis)) slice_axis_ = axis;
      by_split_ = by_split_ || axis == "split";
    }
    check();
    if (!slice_axis_.empty()) slicing_ = slice_by(in_.run, slice_axis_);
  }

  Table build() {
    std::vector<Candidate> chosen = candidates();
    std::erase_if(chosen, [&](const Candidate& c) { return !selected(c); });
    const std::vector<std::string> rows = values_of_axis(chosen, wanted_.rows);
    const std::vector<std::string> columns = values_of_axis(chosen, wanted_.columns);
    Table table;
    table.tag = wanted_.name;
    table.title = wanted_.title;
    table.verdict = in_.verdict;
    const Metric* metric = find_metric(wanted_.value);
    table.caption = caption_of(in_, fmt::format("{} by {} and {}{}.", metric->heading, wanted_.rows,
                                                wanted_.columns, where_text()));
    table.columns.push_back({wanted_.rows, wanted_.rows, Unit::text});
    for (const std::string& column : columns) {
      table.columns.push_back(
          {fmt::format("{}={}", wanted_.columns, column), column, metric->unit});
    }
    for (const std::string& value : rows) {
      Row row;
      row.cells.push_back(
          text_cell(fmt::format("{}/{}={}", wanted_.name, wanted_.rows, value), value));
      for (const std::string& column : columns) row.cells.push_back(cell_at(chosen, value, column));
      table.rows.push_back(std::move(row));
    }
    table.notes = notes_on_intervals(in_);
    if (wanted_.rows == "protocol" || wanted_.columns == "protocol") {
      for (std::string& note : notes_on_protocols(in_.run)) table.notes.push_back(std::move(note));
    }
    return table;
  }

 private:
  [[nodiscard]] std::vector<std::string> axes_in_use() const {
    std::vector<std::string> axes{wanted_.rows, wanted_.columns};
    for (const auto& [axis, value] : wanted_.where) axes.push_back(axis);
    return axes;
  }

  [[noreturn]] void refuse(const std::string& name, std::string_view what,
                           const std::vector<std::string>& known) const {
    const std::string near = nearest(name, known);
    throw Error(ExitCode::usage, fmt::format("cannot make table \"{}\"", wanted_.name),
                fmt::format("there is no {} \"{}\"", what, name),
                near.empty() ? fmt::format("use one of: {}", fmt::join(known, ", "))
                             : fmt::format("did you mean \"{}\"?", near));
  }

  void check() const {
    std::vector<std::string> axes = axis_names(), names;
    for (const Variant& variant : in_.run.variants) {
      for (const auto& [option, value] : unit::parse_variant(variant.id).options)
        axes.push_back(option);
    }
    for (const std::string& axis : axes_in_use()) {
      if (std::find(axes.begin(), axes.end(), axis) == axes.end()) refuse(axis, "axis", axes);
    }
    for (const Metric& metric : metrics()) names.emplace_back(metric.name);
    if (find_metric(wanted_.value) == nullptr) refuse(wanted_.value, "metric", names);
    if (!slice_axis_.empty() && wanted_.value != "ciou") {
      throw Error(
          ExitCode::usage, fmt::format("cannot make table \"{}\"", wanted_.name),
          fmt::format("{} is known for whole splits only, not by {}", wanted_.value, slice_axis_),
          "use value = \"ciou\" with slices");
    }
    if (!slice_axis_.empty() && by_split_) {
      throw Error(ExitCode::usage, fmt::format("cannot make table \"{}\"", wanted_.name),
                  "slices are over all splits together", "leave out one of the two axes");
    }
  }

  [[nodiscard]] std::vector<Candidate> candidates() const {
    std::vector<Candidate> all;
    const std::size_t splits = by_split_ ? in_.run.splits.size() : 1;
    const std::size_t slices = slice_axis_.empty() ? 1 : slicing_.classes.size();
    for (std::size_t p = 0; p < in_.run.protocols.size(); ++p) {
      for (const std::size_t v : variants_by_budget(in_.run)) {
        for (std::size_t s = 0; s < splits; ++s) {
          for (std::size_t c = 0; c < slices; ++c) {
            all.push_back(
                candidate({p, by_split_ ? static_cast<std::int32_t>(s) : kAverage, v}, c));
          }
        }
      }
    }
    return all;
  }

  [[nodiscard]] Candidate candidate(const Place& place, std::size_t slice) const {
    const Variant& variant = in_.run.variants[place.variant];
    Candidate c{place, slice, {}};
    for (const auto& [option, value] : unit::parse_variant(variant.id).options)
      c.axes[option] = value;
    c.axes["variant"] = variant.id;
    c.axes["method"] = variant.method;
    const std::optional<double> tokens = value_of(in_, "tokens", place);
    c.axes["tokens"] = tokens ? printed(*tokens, Unit::tokens) : "";
    c.axes["mode"] = variant.mode;
    c.axes["position"] = variant.position;
    c.axes["order"] = variant.order;
    c.axes["protocol"] = std::to_string(place.protocol);
    if (by_split_) c.axes["split"] = in_.run.splits[static_cast<std::size_t>(place.split)];
    if (!slice_axis_.empty()) c.axes[slice_axis_] = slicing_.classes[slice];
    return c;
  }

  [[nodiscard]] static std::string axis_of(const Candidate& c, const std::string& axis) {
    const auto found = c.axes.find(axis);
    return found == c.axes.end() ? "default"
                                 : found->second;  // an option that the variant does not spell
  }

  [[nodiscard]] bool selected(const Candidate& c) const {
    return std::all_of(wanted_.where.begin(), wanted_.where.end(), [&](const auto& filter) {
      return axis_of(c, filter.first) == filter.second;
    });
  }

  /// Values in the order of the candidates: falling budgets, splits and classes in their own order.
  [[nodiscard]] static std::vector<std::string> values_of_axis(const std::vector<Candidate>& all,
                                                               const std::string& axis) {
    std::vector<std::string> values;
    for (const Candidate& c : all) {
      const std::string value = axis_of(c, axis);
      if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    }
    return values;
  }

  /// One candidate is a number. Several are none: an average that nobody asked for would hide an axis.
  Cell cell_at(const std::vector<Candidate>& chosen, const std::string& row,
               const std::string& column) {
    std::vector<const Candidate*> found;
    for (const Candidate& c : chosen) {
      if (axis_of(c, wanted_.rows) == row && axis_of(c, wanted_.columns) == column)
        found.push_back(&c);
    }
    const Metric* metric = find_metric(wanted_.value);
    const std::string tag =
        fmt::format("{}/{}={}/{}={}", wanted_.name, wanted_.rows, row, wanted_.columns, column);
    if (found.size() != 1) {
      const std::string why =
          found.empty() ? ""
                        : fmt::format("{} = {}, {} = {} is {} variants: name more in where",
                                      wanted_.rows, row, wanted_.columns, column, found.size());
      return number_cell(tag, std::nullopt, metric->unit, why);
    }
    Cell cell = slice_axis_.empty() ? metric_cell(in_, wanted_.value, found.front()->place)
                                    : sliced(*found.front());
    cell.tag = tag;
    cell.form = IntervalForm::half_width;
    return cell;
  }

  Cell sliced(const Candidate& c) {
    auto& estimates = estimates_[c.place.protocol];
    if (estimates.empty()) estimates = slice_estimates(in_, slicing_, c.place.protocol);
    return slice_cell(in_, slicing_, c.slice, c.place.protocol, c.place.variant,
                      estimates[c.slice][c.place.variant]);
  }

  [[nodiscard]] std::string where_text() const {
    std::string text;
    for (const auto& [axis, value] : wanted_.where)
      text += fmt::format("{} {} = {}", text.empty() ? " where" : ",", axis, value);
    return text;
  }

  const TableInput& in_;
  const AxisTable& wanted_;
  std::string slice_axis_;
  bool by_split_ = false;
  Slicing slicing_;
  std::map<std::size_t, std::vector<std::vector<CellEstimate>>> estimates_;  // by protocol
};

}  // namespace

Table axis_table(const TableInput& input, const AxisTable& wanted) {
  return AxisTableBuilder(input, wanted).build();
}

}  // namespace litebench::analysis
