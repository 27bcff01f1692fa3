#include <fmt/core.h>

#include "analysis/metrics/catalogue.hpp"
#include "analysis/tables/cells.hpp"

namespace litebench::analysis {
namespace {

constexpr std::string_view kEfficiency[] = {"speed_up", "prefill_speed_up", "memory"};

class MainTable {
 public:
  explicit MainTable(const TableInput& input) : in_(input) {}

  Table build() {
    table_.tag = "main";
    table_.title = "cIoU by method and budget";
    table_.verdict = in_.verdict;
    table_.caption =
        caption_of(in_, "cIoU, gIoU and P@0.5 in percent, averages over the splits shown.");
    add_columns();
    for (std::size_t p = 0; p < in_.run.protocols.size(); ++p) {
      std::int64_t budget = -1;
      for (const std::size_t v : variants_by_budget(in_.run)) {
        add_measured(p, v, in_.run.variants[v].tokens != budget);
        budget = in_.run.variants[v].tokens;
        add_published(in_.run.variants[v]);
      }
    }
    add_notes();
    return std::move(table_);
  }

 private:
  void add_columns() {
    add_label_columns(table_, in_);
    table_.columns.push_back(column_of("layer_mean_tokens"));
    for (const std::string& split : in_.run.splits)
      table_.columns.push_back({split, split, Unit::percent});
    table_.columns.push_back({"average", "Average", Unit::percent});
    for (const char* metric : {"retention", "giou", "p50"})
      table_.columns.push_back(column_of(metric));
    for (const std::string_view metric : kEfficiency) table_.columns.push_back(column_of(metric));
  }

  void add_measured(std::size_t p, std::size_t v, bool rule_above) {
    Row row{{}, rule_above};
    add_labels(row, in_, p, v, row_id(in_, p, v));
    const auto add = [&](std::string_view metric, std::int32_t split) {
      row.cells.push_back(metric_cell(in_, metric, {p, split, v}));
      row.cells.back().form = IntervalForm::half_width;
    };
    add("layer_mean_tokens", kAverage);
    for (std::size_t s = 0; s < in_.run.splits.size(); ++s) {
      add("ciou", static_cast<std::int32_t>(s));
      const std::int32_t seeds = in_.summary.accuracy_of(p, s, v).seeds;
      if (seeds > 1)
        row.cells.back().note = fmt::format("{} is the mean of {} seeds", row_id(in_, p, v), seeds);
    }
    for (const char* metric : {"ciou", "retention", "giou", "p50"}) add(metric, kAverage);
    for (const std::string_view metric : kEfficiency) add(metric, kAverage);
    table_.rows.push_back(std::move(row));
  }

  void add_published(const Variant& variant) {
    const PublishedRow* published = in_.published ? in_.published->find(variant.id) : nullptr;
    if (published == nullptr) return;
    const std::string id = variant.id + "/published";
    const char* vouched = published->status == "unverified" ? "published, unverified" : "published";
    Row row;
    if (in_.run.protocols.size() > 1) row.cells.push_back(text_cell(id + "/protocol", ""));
    row.cells.push_back(
        text_cell(id + "/method", fmt::format("{} ({})", published->method, vouched)));
    row.cells.push_back(number_cell(id + "/tokens", std::nullopt, Unit::tokens, ""));
    row.cells.push_back(number_cell(id + "/layer_mean_tokens", std::nullopt, Unit::tokens, ""));
    double sum = 0;
    std::size_t known = 0;
    for (const std::string& split : in_.run.splits) {
      const std::optional<double> value = in_.published->ciou(*published, split);
      row.cells.push_back(
          number_cell(fmt::format("{}/{}/ciou", id, split), value, Unit::published, ""));
      sum += value.value_or(0);
      known += value ? 1 : 0;
    }
    const bool whole = known == in_.run.splits.size() && known > 0;
    add_published_averages(row, id, *published,
                           whole ? std::optional(sum / static_cast<double>(known)) : std::nullopt);
    while (row.cells.size() < table_.columns.size()) {
      const Column& column = table_.columns[row.cells.size()];
      row.cells.push_back(
          number_cell(fmt::format("{}/{}", id, column.tag), std::nullopt, column.unit, ""));
    }
    table_.rows.push_back(std::move(row));
  }

  /// The printed average when its splits are the table's, else the mean of what is shown.
  void add_published_averages(Row& row, const std::string& id, const PublishedRow& published,
                              std::optional<double> mean) const {
    const bool all = mean && in_.run.splits.size() == in_.published->splits.size();
    row.cells.push_back(number_cell(id + "/average", all ? std::optional(published.average) : mean,
                                    Unit::published, ""));
    if (!all) row.cells.back().note = "published averages are over the splits shown";
    row.cells.push_back(number_cell(id + "/retention", all ? published.relative : std::nullopt,
                                    Unit::published, ""));
  }

  void add_notes() {
    table_.notes.emplace_back("Retention: average cIoU divided by that of the baseline.");
    if (why_no_latency(in_).empty()) {
      table_.notes.push_back(fmt::format(
          "Speed-up (end to end), prefill and memory: ratios of sums over units paired with {}.",
          in_.options.baseline));
    }
    for (const std::string& note : notes_on_intervals(in_)) table_.notes.push_back(note);
    for (const std::string& note : notes_on_marks(in_)) table_.notes.push_back(note);
    for (const std::string& note : notes_on_protocols(in_.run)) table_.notes.push_back(note);
    if (in_.published) {
      table_.notes.push_back(fmt::format("Published: {} ({}), {}. {}.", in_.published->title,
                                         in_.published->status, in_.published->source,
                                         in_.published->note));
    }
  }

  const TableInput& in_;
  Table table_;
};

}  // namespace

Table main_table(const TableInput& input) { return MainTable(input).build(); }

}  // namespace litebench::analysis
