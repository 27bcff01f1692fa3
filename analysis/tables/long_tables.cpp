// One row per variant and split, or per variant: everything that the main table averages.

#include <fmt/core.h>

#include "analysis/tables/build.hpp"

namespace litebench::analysis {
namespace {

void add_label_columns(Table& table, const Run& run) {
  if (run.protocols.size() > 1) table.columns.push_back({"protocol", "Protocol", Unit::text});
  table.columns.push_back({"method", "Method", Unit::text});
  table.columns.push_back({"tokens", "Tokens", Unit::tokens});
}

Row labelled_row(const TableInput& in, std::size_t p, std::size_t v, const std::string& id) {
  const Variant& variant = in.run.variants[v];
  Row row;
  if (in.run.protocols.size() > 1)
    row.cells.push_back(text_cell(id + "/protocol", std::to_string(p)));
  row.cells.push_back(text_cell(id + "/method", method_label(variant)));
  const std::optional<double> nominal = static_cast<double>(variant.tokens);
  row.cells.push_back(number_cell(id + "/tokens",
                                  variant.tokens > 0 ? nominal : in.summary.tokens_of(p, v).kept,
                                  Unit::tokens, ""));
  return row;
}

std::string row_id(const TableInput& in, std::size_t p, std::size_t v) {
  const std::string& id = in.run.variants[v].id;
  return in.run.protocols.size() > 1 ? fmt::format("{}/{}", p, id) : id;
}

void add_metrics_row(Table& table, const TableInput& in, std::size_t p, std::size_t v,
                     std::size_t s) {
  const Accuracy& accuracy = in.summary.accuracy_of(p, s, v);
  const std::string id = fmt::format("{}/{}", row_id(in, p, v), in.run.splits[s]);
  const std::string why = accuracy.infeasible ? fmt::format("{}: infeasible", id) : "";
  Row row = labelled_row(in, p, v, id);
  row.rule_above = s == 0;
  row.cells.push_back(text_cell(id + "/split", in.run.splits[s]));
  row.cells.push_back(
      number_cell(id + "/expressions", static_cast<double>(accuracy.expressions), Unit::count, ""));
  row.cells.push_back(
      number_cell(id + "/seeds", static_cast<double>(accuracy.seeds), Unit::count, ""));
  row.cells.push_back(number_cell(id + "/ciou", accuracy.ciou, Unit::percent, why));
  row.cells.push_back(number_cell(id + "/giou", accuracy.giou, Unit::percent, ""));
  for (std::size_t i = 0; i < kPrecisionTenths.size(); ++i) {
    row.cells.push_back(number_cell(fmt::format("{}/p{}0", id, kPrecisionTenths[i]),
                                    accuracy.precision[i], Unit::percent, ""));
  }
  table.rows.push_back(std::move(row));
}

std::optional<double> scaled(std::optional<double> value, double factor) {
  if (!value) return std::nullopt;
  return *value * factor;
}

void add_efficiency_row(Table& table, const TableInput& in, std::size_t p, std::size_t v) {
  const Efficiency& e = in.summary.efficiency_of(p, v);
  const std::string id = row_id(in, p, v);
  const std::string why = why_no_latency(in);
  constexpr double kMilliseconds = 1e-6;
  constexpr double kMebibytes = 1.0 / (1024 * 1024);
  Row row = labelled_row(in, p, v, id);
  const auto add = [&](const char* tag, std::optional<double> value, Unit unit) {
    row.cells.push_back(number_cell(fmt::format("{}/{}", id, tag), value, unit, why));
  };
  add("pairs", static_cast<double>(e.total_ns.pairs), Unit::count);
  add("prefill_ms", scaled(e.prefill_ns.mean(), kMilliseconds), Unit::milliseconds);
  add("prefill_speed_up", e.prefill_ns.speed_up(), Unit::ratio);
  add("total_ms", scaled(e.total_ns.mean(), kMilliseconds), Unit::milliseconds);
  add("speed_up", e.total_ns.speed_up(), Unit::ratio);
  add("llm_mib", scaled(e.llm_bytes.mean(), kMebibytes), Unit::mebibytes);
  add("llm_memory", e.llm_bytes.share(), Unit::ratio);
  add("peak_mib", scaled(e.peak_bytes.mean(), kMebibytes), Unit::mebibytes);
  add("memory", e.peak_bytes.share(), Unit::ratio);
  add("tflops", scaled(e.flops.mean(), 1e-12), Unit::teraflops);
  table.rows.push_back(std::move(row));
}

}  // namespace

Table metrics_table(const TableInput& input) {
  Table table;
  table.tag = "metrics";
  table.title = "Metrics by split";
  table.verdict = input.verdict;
  table.caption =
      caption_of(input, "cIoU is oIoU, gIoU is mIoU; P@t counts IoU >= t. All in percent.");
  add_label_columns(table, input.run);
  table.columns.insert(table.columns.end(), {{"split", "Split", Unit::text},
                                             {"expressions", "Expressions", Unit::count},
                                             {"seeds", "Seeds", Unit::count},
                                             {"ciou", "cIoU", Unit::percent},
                                             {"giou", "gIoU", Unit::percent}});
  for (const int tenths : kPrecisionTenths) {
    table.columns.push_back(
        {fmt::format("p{}0", tenths), fmt::format("P@0.{}", tenths), Unit::percent});
  }
  for (std::size_t p = 0; p < input.run.protocols.size(); ++p) {
    for (const std::size_t v : variants_by_budget(input.run)) {
      for (std::size_t s = 0; s < input.run.splits.size(); ++s)
        add_metrics_row(table, input, p, v, s);
    }
  }
  return table;
}

Table efficiency_table(const TableInput& input) {
  Table table;
  table.tag = "efficiency";
  table.title = "Efficiency";
  table.verdict = input.verdict;
  table.caption = caption_of(
      input, fmt::format("Latency pass, batch 1: means over units paired with {}, and ratios "
                         "of their sums.",
                         input.options.baseline));
  add_label_columns(table, input.run);
  table.columns.insert(table.columns.end(), {{"pairs", "Pairs", Unit::count},
                                             {"prefill_ms", "Prefill ms", Unit::milliseconds},
                                             {"prefill_speed_up", "Speed-up", Unit::ratio},
                                             {"total_ms", "Total ms", Unit::milliseconds},
                                             {"speed_up", "Speed-up", Unit::ratio},
                                             {"llm_mib", "LLM MiB", Unit::mebibytes},
                                             {"llm_memory", "Ratio", Unit::ratio},
                                             {"peak_mib", "Peak MiB", Unit::mebibytes},
                                             {"memory", "Ratio", Unit::ratio},
                                             {"tflops", "TFLOPs", Unit::teraflops}});
  for (std::size_t p = 0; p < input.run.protocols.size(); ++p) {
    for (const std::size_t v : variants_by_budget(input.run))
      add_efficiency_row(table, input, p, v);
  }
  return table;
}

}  // namespace litebench::analysis
