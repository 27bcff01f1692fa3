// Time, memory and work; what a budget buys; where a selector repays itself.

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "analysis/metrics/catalogue.hpp"
#include "analysis/metrics/cuda_graphs.hpp"
#include "analysis/tables/cells.hpp"

namespace litebench::analysis {
namespace {

/// Cost and gain of a variant: more is better in all three.
using Goods = std::array<std::optional<double>, 3>;

Goods goods_of(const TableInput& in, std::size_t p, std::size_t v) {
  const Place place{p, kAverage, v};
  const std::optional<double> memory = value_of(in, "memory", place);
  return {value_of(in, "ciou", place), value_of(in, "speed_up", place),
          memory ? std::optional(-*memory) : std::nullopt};
}

/// Is `b` at least as good in everything and better in something? Goods that either lacks say nothing.
bool dominated(const Goods& a, const Goods& b) {
  bool better = false, compared = false;
  for (std::size_t g = 0; g < a.size(); ++g) {
    if (!a[g] || !b[g]) continue;
    if (*b[g] < *a[g]) return false;
    better = better || *b[g] > *a[g];
    compared = true;
  }
  return compared && better;
}

/// Whether some variant has the number.
bool anywhere(const TableInput& in, std::string_view metric) {
  for (std::size_t p = 0; p < in.run.protocols.size(); ++p) {
    for (std::size_t v = 0; v < in.run.variants.size(); ++v) {
      if (value_of(in, metric, {p, kAverage, v})) return true;
    }
  }
  return false;
}

/// Whose times a slowed-down device is in; "" when nobody's.
std::string note_on_throttling(const TableInput& in) {
  std::string met;
  for (std::size_t p = 0; p < in.run.protocols.size(); ++p) {
    for (const std::size_t v : variants_by_budget(in.run)) {
      const Efficiency& e = in.summary.efficiency_of(p, v);
      if (e.throttled == 0) continue;
      met += fmt::format("{}{} {} of {}", met.empty() ? "" : ", ", row_id(in, p, v), e.throttled,
                         e.total_ns.pairs);
    }
  }
  if (met.empty()) return met;
  return fmt::format("Throttled (power or temperature) during timed units of {}: these times are not those of the "
                     "device's set clock.",
                     met);
}

/// Whose prefill came from no graph although other stages did; "" where that is nobody's.
std::string note_on_graphs(const TableInput& in) {
  std::set<std::string> told;  // packs have processes of their own
  for (const Process& process : in.run.processes) {
    for (const auto& [key, ids] : process.environment) {
      if (key == kPrefillWithoutGraph && !ids.empty()) told.insert(ids);
    }
  }
  if (told.empty()) return "";
  return fmt::format(
      "Selects inside of the language model, so that its prefill is timed without a CUDA graph: "
      "{}.",
      fmt::join(told, ", "));
}

}  // namespace

Table efficiency_table(const TableInput& input) {
  std::vector<std::string_view> metrics{"pairs",    "prefill_ms", "prefill_speed_up", "total_ms",
                                        "speed_up", "ceiling",    "llm_mib",          "llm_memory",
                                        "peak_mib", "memory",     "tflops"};
  if (anywhere(input, "energy_j")) metrics.emplace_back("energy_j");
  Table table = variant_rows(input, "efficiency", "Efficiency", metrics);
  table.caption = caption_of(
      input, fmt::format("Latency pass, batch 1: means over units paired with {}, and ratios "
                         "of their sums.",
                         input.options.baseline));
  table.notes = notes_on_intervals(input);
  table.notes.emplace_back(
      "Ceiling: speed-up end to end if nothing but prefill had changed (Amdahl); what is below it "
      "pays for selection.");
  if (std::string note = note_on_throttling(input); !note.empty()) {
    table.notes.push_back(std::move(note));
  }
  if (std::string note = note_on_graphs(input); !note.empty())
    table.notes.push_back(std::move(note));
  for (std::size_t p = 0; input.summary.baseline && p < input.run.protocols.size(); ++p) {
    const PairedSum& total = input.summary.efficiency_of(p, *input.summary.baseline).total_ns;
    const PairedSum& prefill = input.summary.efficiency_of(p, *input.summary.baseline).prefill_ns;
    if (total.pairs == 0 || prefill.pairs != total.pairs) continue;
    table.notes.push_back(
        fmt::format("Prefill is {:.1f} % of {}{}: no budget can be more than {} faster end to end.",
                    100 * prefill.own / total.own, input.options.baseline,
                    input.run.protocols.size() > 1 ? fmt::format(" under protocol {}", p) : "",
                    printed(total.own / (total.own - prefill.own), Unit::ratio)));
  }
  return table;
}

Table pareto_table(const TableInput& input) {
  constexpr std::array<std::string_view, 6> kMetrics{"layer_mean_tokens", "ciou",   "retention",
                                                     "speed_up",          "memory", "llm_memory"};
  Table table = variant_rows(input, "pareto", "What a budget buys", kMetrics);
  table.caption =
      caption_of(input, "Average cIoU, speed-up end to end and peak memory by method and budget.");
  table.columns.push_back({"front", "Front", Unit::text});
  std::size_t row = 0;
  for (std::size_t p = 0; p < input.run.protocols.size(); ++p) {
    for (const std::size_t v : variants_by_budget(input.run)) {
      const Goods own = goods_of(input, p, v);
      bool beaten = !own[0].has_value();
      for (std::size_t other = 0; !beaten && other < input.run.variants.size(); ++other) {
        beaten = other != v && dominated(own, goods_of(input, p, other));
      }
      table.rows[row++].cells.push_back(
          text_cell(row_id(input, p, v) + "/front", beaten ? "" : "yes"));
    }
  }
  table.notes = notes_on_intervals(input);
  for (const std::string& note : notes_on_marks(input)) table.notes.push_back(note);
  table.notes.emplace_back(
      "Front: no other variant is at least as good in cIoU, speed-up and memory and better in one "
      "of them, as measured.");
  return table;
}

Table break_even_table(const TableInput& input) {
  constexpr std::array<std::string_view, 6> kMetrics{
      "layer_mean_tokens", "select_ms", "saved_ms", "ceiling", "speed_up", "break_even"};
  Table table = variant_rows(input, "break-even", "Where selection repays itself", kMetrics);
  table.caption =
      caption_of(input, "Latency pass: what selecting costs and what prefill saves, per unit.");
  table.notes.emplace_back(
      "Break-even: tokens at which the time saved in prefill, proportional to the tokens that are "
      "gone, is what selecting "
      "costs; with more tokens the method is slower than the baseline.");
  return table;
}

}  // namespace litebench::analysis
