#include "analysis/tables/cells.hpp"

#include <cassert>

#include <fmt/core.h>

#include "analysis/metrics/catalogue.hpp"

namespace litebench::analysis {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;

std::optional<double> scaled(std::optional<double> value, double factor) {
  return value ? std::optional(*value * factor) : std::nullopt;
}

std::optional<double> accuracy_value(const Accuracy& a, std::string_view metric) {
  if (metric == "ciou") return a.ciou;
  if (metric == "giou") return a.giou;
  if (metric == "n_acc") return a.n_acc;
  if (metric == "t_acc") return a.t_acc;
  if (metric == "expressions") return static_cast<double>(a.expressions);
  if (metric == "seeds") return static_cast<double>(a.seeds);
  return a.precision[static_cast<std::size_t>(metric[1] - '5')];
}

/// Mean over all splits; nothing when one is missing, because means over different splits do not compare.
std::optional<double> split_or_mean(const TableInput& in, std::string_view metric,
                                    const Place& at) {
  const auto of = [&](std::size_t split) {
    return accuracy_value(in.summary.accuracy_of(at.protocol, split, at.variant), metric);
  };
  if (at.split != kAverage) return of(static_cast<std::size_t>(at.split));
  double sum = 0;
  for (std::size_t s = 0; s < in.run.splits.size(); ++s) {
    const std::optional<double> value = of(s);
    if (!value) return std::nullopt;
    sum += *value;
  }
  if (in.run.splits.empty()) return std::nullopt;
  const bool counts = metric == "expressions" || metric == "seeds";
  return counts ? sum : sum / static_cast<double>(in.run.splits.size());
}

std::optional<double> against_baseline(const TableInput& in, std::string_view metric,
                                       const Place& at) {
  if (!in.summary.baseline) return std::nullopt;
  const auto own = split_or_mean(in, "ciou", at);
  const auto whole = split_or_mean(in, "ciou", {at.protocol, at.split, *in.summary.baseline});
  if (!own || !whole) return std::nullopt;
  if (metric == "ciou_delta") return *own - *whole;
  return *whole > 0 ? std::optional(*own / *whole) : std::nullopt;
}

/// End-to-end speed-up if nothing but prefill had changed (Amdahl): the baseline's time over the
/// same with prefill replaced.
std::optional<double> ceiling(const Efficiency& e) {
  if (e.total_ns.pairs == 0 || e.prefill_ns.pairs != e.total_ns.pairs) return std::nullopt;
  const double rest = e.total_ns.baseline - e.prefill_ns.baseline;
  return e.total_ns.baseline / (rest + e.prefill_ns.own);
}

std::optional<double> mean_select_ns(const Efficiency& e) {
  return e.selections > 0 ? std::optional(e.select_ns / static_cast<double>(e.selections))
                          : std::nullopt;
}

/// Prefill time that the variant saves per sample, in ns.
std::optional<double> saved_prefill_ns(const Efficiency& e) {
  if (e.prefill_ns.pairs == 0) return std::nullopt;
  return (e.prefill_ns.baseline - e.prefill_ns.own) / static_cast<double>(e.prefill_ns.samples);
}

/// Budget at which the time saved in prefill, taken as proportional to the tokens that are gone, is what selecting costs.
std::optional<double> break_even(const TableInput& in, const Place& at) {
  const Efficiency& e = in.summary.efficiency_of(at.protocol, at.variant);
  const auto select = mean_select_ns(e), saved = saved_prefill_ns(e);
  if (!in.summary.baseline || !select || !saved || *saved <= 0) return std::nullopt;
  const auto all = in.summary.tokens_of(at.protocol, *in.summary.baseline).layer_mean;
  const auto kept = in.summary.tokens_of(at.protocol, at.variant).layer_mean;
  if (!all || !kept || *kept >= *all) return std::nullopt;
  const double budget = *all - *select / *saved * (*all - *kept);
  return budget > 0 ? std::optional(budget) : std::nullopt;
}

std::optional<double> cold_value(const TableInput& in, std::string_view metric, const Place& at) {
  const ColdStart& start = in.summary.cold_of(at.protocol, at.variant);
  if (start.starts == 0) return std::nullopt;
  if (metric == "starts") return static_cast<double>(start.starts);
  if (metric == "first_ms") return start.first_ns / 1e6;
  if (metric == "warm_ms") return start.warm_ns / 1e6;
  assert(metric == "first_over_warm");
  return start.first_ns / start.warm_ns;
}

std::optional<double> latency_value(const TableInput& in, std::string_view metric,
                                    const Place& at) {
  const Efficiency& e = in.summary.efficiency_of(at.protocol, at.variant);
  if (metric == "pairs") return static_cast<double>(e.total_ns.pairs);
  if (metric == "prefill_ms") return scaled(e.prefill_ns.mean(), 1e-6);
  if (metric == "prefill_speed_up") return e.prefill_ns.speed_up();
  if (metric == "total_ms") return scaled(e.total_ns.mean(), 1e-6);
  if (metric == "speed_up") return e.total_ns.speed_up();
  if (metric == "ceiling") return ceiling(e);
  if (metric == "llm_mib") return scaled(e.llm_bytes.mean(), 1 / kMebibyte);
  if (metric == "llm_memory") return e.llm_bytes.share();
  if (metric == "peak_mib") return scaled(e.peak_bytes.mean(), 1 / kMebibyte);
  if (metric == "memory") return e.peak_bytes.share();
  if (metric == "energy_j") return scaled(e.mean_energy_mj(), 1e-3);
  if (metric == "tflops") return scaled(e.flops.mean(), 1e-12);
  if (metric == "select_ms") return scaled(mean_select_ns(e), 1e-6);
  if (metric == "saved_ms") return scaled(saved_prefill_ns(e), 1e-6);
  assert(metric == "break_even");
  return break_even(in, at);
}

bool compares(std::string_view metric) {
  return metric == "retention" || metric == "ciou_delta" || metric == "speed_up" ||
         metric == "prefill_speed_up" || metric == "memory" || metric == "llm_memory" ||
         metric == "ceiling" || metric == "saved_ms" || metric == "break_even";
}

Origin origin_of(const TableInput& in, const Metric& metric, const Place& at) {
  Origin origin;
  origin.metric = metric.name;
  origin.variants = {in.run.variants[at.variant].id};
  if (in.summary.baseline && (compares(metric.name) || metric.rows == RowsOf::latency)) {
    origin.variants.push_back(in.run.variants[*in.summary.baseline].id);
  }
  if (at.split == kAverage) {
    origin.splits = in.run.splits;
  } else {
    origin.splits = {in.run.splits[static_cast<std::size_t>(at.split)]};
  }
  origin.protocol = static_cast<std::int16_t>(at.protocol);
  return origin;
}

/// Best and second of a budget, only where each is significantly better than what follows it.
Mark mark_of(const TableInput& in, const Place& at) {
  const auto find = [&](Against against, std::size_t v) {
    return in.inference.find(against, at.protocol, at.split, v);
  };
  const auto leads = [&](const Comparison* next) {
    return next != nullptr && next->difference > 0 && next->adjusted_p < in.inference.options.alpha;
  };
  const Comparison* rival = find(Against::rival, at.variant);
  const Comparison* next = find(Against::next, at.variant);
  if (rival == nullptr || !leads(next)) return Mark::none;
  // The best one's rival is the second, which is also its next.
  if (rival->other == next->other) return Mark::best;
  const Comparison* first = find(Against::next, rival->other);
  const bool second = first != nullptr && first->other == at.variant && leads(first);
  return second ? Mark::second : Mark::none;
}

}  // namespace

std::optional<double> value_of(const TableInput& input, std::string_view name, const Place& place) {
  const Metric* metric = find_metric(name);
  assert(metric != nullptr);
  if (metric->rows == RowsOf::latency) return latency_value(input, name, place);
  if (metric->rows == RowsOf::cold_starts) return cold_value(input, name, place);
  if (name == "retention" || name == "ciou_delta") return against_baseline(input, name, place);
  if (metric->rows == RowsOf::expressions) return split_or_mean(input, name, place);
  const TokenCounts& tokens = input.summary.tokens_of(place.protocol, place.variant);
  if (name == "layer_mean_tokens") return tokens.layer_mean;
  const std::int64_t budget = input.run.variants[place.variant].tokens;
  return budget > 0 ? std::optional(static_cast<double>(budget)) : tokens.kept;
}

std::string why_empty(const TableInput& input, std::string_view name, const Place& place) {
  const Metric* metric = find_metric(name);
  const std::string id = row_id(input, place.protocol, place.variant);
  if (metric->rows == RowsOf::latency) {
    const std::string why = why_no_latency(input);
    if (!why.empty()) return why;
    if (name == "energy_j") return "no energy: not every timed run moved the device's counter";
    const bool memory =
        name == "memory" || name == "llm_memory" || name == "peak_mib" || name == "llm_mib";
    return memory ? "no memory: the device does not tell its peak" : "";
  }
  if (metric->rows == RowsOf::cold_starts)
    return fmt::format("no first run of {} was recorded", id);
  if ((name == "retention" || name == "ciou_delta") && !input.summary.baseline) {
    return fmt::format("no retention: the run has no baseline {}", input.options.baseline);
  }
  if (metric->rows != RowsOf::expressions || place.split == kAverage || name == "n_acc" ||
      name == "t_acc")
    return "";
  const auto split = static_cast<std::size_t>(place.split);
  const char* reason = input.summary.accuracy_of(place.protocol, split, place.variant).infeasible
                           ? "is infeasible"
                           : "has no complete samples";
  return fmt::format("{} {} in {}", id, reason, input.run.splits[split]);
}

Cell metric_cell(const TableInput& input, std::string_view name, const Place& place) {
  const Metric* metric = find_metric(name);
  const std::string id = row_id(input, place.protocol, place.variant);
  const std::string_view last = place.split == kAverage && name == "ciou" ? "average" : name;
  const std::string tag =
      place.split == kAverage
          ? fmt::format("{}/{}", id, last)
          : fmt::format("{}/{}/{}", id, input.run.splits[static_cast<std::size_t>(place.split)],
                        last);
  const std::optional<double> value = value_of(input, name, place);
  Cell cell = number_cell(tag, value, metric->unit, value ? "" : why_empty(input, name, place));
  cell.origin = origin_of(input, *metric, place);
  if (!value) return cell;
  cell.interval = input.inference.interval(name, place.protocol, place.split, place.variant);
  if (name == "ciou") cell.mark = mark_of(input, place);
  return cell;
}

std::string row_id(const TableInput& input, std::size_t protocol, std::size_t variant) {
  const std::string& id = input.run.variants[variant].id;
  return input.run.protocols.size() > 1 ? fmt::format("{}/{}", protocol, id) : id;
}

void add_label_columns(Table& table, const TableInput& input) {
  if (input.run.protocols.size() > 1) table.columns.push_back({"protocol", "Protocol", Unit::text});
  table.columns.push_back({"method", "Method", Unit::text});
  table.columns.push_back({"tokens", "Tokens", Unit::tokens});
}

void add_labels(Row& row, const TableInput& input, std::size_t protocol, std::size_t variant,
                const std::string& id) {
  if (input.run.protocols.size() > 1)
    row.cells.push_back(text_cell(id + "/protocol", std::to_string(protocol)));
  row.cells.push_back(text_cell(id + "/method", method_label(input.run.variants[variant])));
  Cell tokens = metric_cell(input, "tokens", {protocol, kAverage, variant});
  tokens.tag = id + "/tokens";
  row.cells.push_back(std::move(tokens));
}

Table variant_rows(const TableInput& in, std::string tag, std::string title,
                   std::span<const std::string_view> metrics) {
  Table table;
  table.tag = std::move(tag);
  table.title = std::move(title);
  table.verdict = in.verdict;
  add_label_columns(table, in);
  for (const std::string_view metric : metrics) table.columns.push_back(column_of(metric));
  for (std::size_t p = 0; p < in.run.protocols.size(); ++p) {
    std::int64_t budget = -1;
    for (const std::size_t v : variants_by_budget(in.run)) {
      Row row{{}, in.run.variants[v].tokens != budget};
      budget = in.run.variants[v].tokens;
      add_labels(row, in, p, v, row_id(in, p, v));
      for (const std::string_view metric : metrics)
        row.cells.push_back(metric_cell(in, metric, {p, kAverage, v}));
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Column column_of(std::string_view name) {
  const Metric* metric = find_metric(name);
  return {std::string(metric->name), std::string(metric->heading), metric->unit};
}

}  // namespace litebench::analysis
