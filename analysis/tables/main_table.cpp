#include <fmt/core.h>

#include "analysis/tables/build.hpp"

namespace litebench::analysis {
namespace {

using Values = std::vector<std::optional<double>>;

/// Mean over all splits; nothing when one is missing, because means over different splits do not
/// compare.
std::optional<double> mean(const Values& values) {
  double sum = 0;
  for (const std::optional<double>& value : values) {
    if (!value) return std::nullopt;
    sum += *value;
  }
  if (values.empty()) return std::nullopt;
  return sum / static_cast<double>(values.size());
}

class MainTable {
 public:
  explicit MainTable(const TableInput& input)
      : in_(input), several_protocols_(input.run.protocols.size() > 1) {}

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
    const auto add = [&](std::string tag, std::string heading, Unit unit) {
      table_.columns.push_back({std::move(tag), std::move(heading), unit});
    };
    if (several_protocols_) add("protocol", "Protocol", Unit::text);
    add("method", "Method", Unit::text);
    add("tokens", "Tokens", Unit::tokens);
    add("layer_mean_tokens", "Layer mean", Unit::tokens);
    for (const std::string& split : in_.run.splits) add(split, split, Unit::percent);
    add("average", "Average", Unit::percent);
    add("retention", "Retention", Unit::percent);
    add("giou", "gIoU", Unit::percent);
    add("p50", "P@0.5", Unit::percent);
    add("speed_up", "Speed-up", Unit::ratio);
    add("prefill_speed_up", "Prefill", Unit::ratio);
    add("memory", "Memory", Unit::ratio);
  }

  /// One value per split of a variant.
  template <typename Get>
  Values per_split(std::size_t p, std::size_t v, Get get) const {
    Values values;
    for (std::size_t s = 0; s < in_.run.splits.size(); ++s)
      values.push_back(get(in_.summary.accuracy_of(p, s, v)));
    return values;
  }

  void add_measured(std::size_t p, std::size_t v, bool rule_above) {
    const Variant& variant = in_.run.variants[v];
    Row row{{}, rule_above};
    if (several_protocols_)
      row.cells.push_back(text_cell(variant.id + "/protocol", std::to_string(p)));
    const std::string id = several_protocols_ ? fmt::format("{}/{}", p, variant.id) : variant.id;
    const TokenCounts& tokens = in_.summary.tokens_of(p, v);
    row.cells.push_back(text_cell(id + "/method", method_label(variant)));
    const std::optional<double> nominal = static_cast<double>(variant.tokens);
    row.cells.push_back(
        number_cell(id + "/tokens", variant.tokens > 0 ? nominal : tokens.kept, Unit::tokens, ""));
    row.cells.push_back(
        number_cell(id + "/layer_mean_tokens", tokens.layer_mean, Unit::tokens, ""));
    for (std::size_t s = 0; s < in_.run.splits.size(); ++s)
      row.cells.push_back(split_cell(id, p, s, v));
    add_averages(row, id, p, v);
    add_efficiency(row, id, p, v);
    table_.rows.push_back(std::move(row));
  }

  Cell split_cell(const std::string& id, std::size_t p, std::size_t s, std::size_t v) const {
    const Accuracy& accuracy = in_.summary.accuracy_of(p, s, v);
    const std::string& split = in_.run.splits[s];
    const std::string why = accuracy.infeasible
                                ? fmt::format("{} is infeasible in {}", id, split)
                                : fmt::format("{} has no complete samples in {}", id, split);
    Cell cell =
        number_cell(fmt::format("{}/{}/ciou", id, split), accuracy.ciou, Unit::percent, why);
    if (accuracy.seeds > 1)
      cell.note = fmt::format("{} is the mean of {} seeds", id, accuracy.seeds);
    return cell;
  }

  void add_averages(Row& row, const std::string& id, std::size_t p, std::size_t v) const {
    const auto ciou = [](const Accuracy& a) { return a.ciou; };
    const std::optional<double> average = mean(per_split(p, v, ciou));
    std::optional<double> retention;
    if (in_.summary.baseline && average) {
      const std::optional<double> whole = mean(per_split(p, *in_.summary.baseline, ciou));
      if (whole && *whole > 0) retention = *average / *whole;
    }
    row.cells.push_back(number_cell(id + "/average", average, Unit::percent, ""));
    const std::string why =
        in_.summary.baseline
            ? ""
            : fmt::format("no retention: the run has no baseline {}", in_.options.baseline);
    row.cells.push_back(number_cell(id + "/retention", retention, Unit::percent, why));
    row.cells.push_back(number_cell(id + "/giou",
                                    mean(per_split(p, v, [](const Accuracy& a) { return a.giou; })),
                                    Unit::percent, ""));
    row.cells.push_back(number_cell(
        id + "/p50", mean(per_split(p, v, [](const Accuracy& a) { return a.precision.front(); })),
        Unit::percent, ""));
  }

  void add_efficiency(Row& row, const std::string& id, std::size_t p, std::size_t v) const {
    const Efficiency& efficiency = in_.summary.efficiency_of(p, v);
    const std::string why = why_no_latency(in_);
    const std::string no_memory =
        why.empty() ? "no memory: the device does not tell its peak" : why;
    row.cells.push_back(
        number_cell(id + "/speed_up", efficiency.total_ns.speed_up(), Unit::ratio, why));
    row.cells.push_back(
        number_cell(id + "/prefill_speed_up", efficiency.prefill_ns.speed_up(), Unit::ratio, why));
    row.cells.push_back(
        number_cell(id + "/memory", efficiency.peak_bytes.share(), Unit::ratio, no_memory));
  }

  void add_published(const Variant& variant) {
    const PublishedRow* published = in_.published ? in_.published->find(variant.id) : nullptr;
    if (published == nullptr) return;
    const std::string id = variant.id + "/published";
    Row row;
    if (several_protocols_) row.cells.push_back(text_cell(id + "/protocol", ""));
    row.cells.push_back(
        text_cell(id + "/method", fmt::format("{} (published)", published->method)));
    row.cells.push_back(number_cell(id + "/tokens", std::nullopt, Unit::tokens, ""));
    row.cells.push_back(number_cell(id + "/layer_mean_tokens", std::nullopt, Unit::tokens, ""));
    Values values;
    for (const std::string& split : in_.run.splits) {
      values.push_back(in_.published->ciou(*published, split));
      row.cells.push_back(
          number_cell(fmt::format("{}/{}/ciou", id, split), values.back(), Unit::published, ""));
    }
    add_published_averages(row, id, *published, values);
    while (row.cells.size() < table_.columns.size()) {
      const Column& column = table_.columns[row.cells.size()];
      row.cells.push_back(
          number_cell(fmt::format("{}/{}", id, column.tag), std::nullopt, column.unit, ""));
    }
    table_.rows.push_back(std::move(row));
  }

  /// The printed average when its splits are the table's, else the mean of what is shown.
  void add_published_averages(Row& row, const std::string& id, const PublishedRow& published,
                              const Values& values) {
    const bool all = values.size() == in_.published->splits.size() && mean(values).has_value();
    row.cells.push_back(number_cell(id + "/average",
                                    all ? std::optional(published.average) : mean(values),
                                    Unit::published, ""));
    if (!all) row.cells.back().note = "published averages are over the splits shown";
    row.cells.push_back(number_cell(id + "/retention",
                                    all ? std::optional(published.relative) : std::nullopt,
                                    Unit::published, ""));
  }

  void add_notes() {
    table_.notes.emplace_back("Retention: average cIoU divided by that of the baseline.");
    if (why_no_latency(in_).empty()) {
      table_.notes.push_back(fmt::format(
          "Speed-up (end to end), prefill and memory: ratios of sums over units paired with {}.",
          in_.options.baseline));
    }
    for (std::size_t p = 0; several_protocols_ && p < in_.run.protocols.size(); ++p) {
      table_.notes.push_back(fmt::format("Protocol {}: {}", p, in_.run.protocols[p]));
    }
    if (in_.published) {
      table_.notes.push_back(fmt::format("Published: {} ({}), {}. {}.", in_.published->title,
                                         in_.published->status, in_.published->source,
                                         in_.published->note));
    }
  }

  const TableInput& in_;
  bool several_protocols_;
  Table table_;
};

}  // namespace

Table main_table(const TableInput& input) { return MainTable(input).build(); }

}  // namespace litebench::analysis
