#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "analysis/metrics/cuda_graphs.hpp"
#include "analysis/tables/build.hpp"
#include "base/json.hpp"

namespace litebench::analysis {
namespace {

/// What timed runs did beside what the masks need; "" where nothing was timed or nothing recorded.
std::string clause_on_compute(const TableInput& input) {
  const std::string compute = environment_of(input.run, "compute");
  if (input.summary.latency_units == 0 || compute.empty()) return "";
  return fmt::format(" Compute: {} ({} the reference's dead work).", compute,
                     compute == "lean" ? "without" : "with");
}

/// Which stages of timed runs were replayed; "" where none.
std::string clause_on_graphs(const TableInput& input) {
  const std::string stages = environment_of(input.run, kGraphStages);
  if (input.summary.latency_units == 0 || stages.empty()) return "";
  return fmt::format(" Timed from CUDA graphs: {}.", stages);
}

/// Protocols of one run may differ in it; then the notes say which has what.
std::string clause_on(const std::vector<Epsilons>& protocols) {
  const auto upstream = std::count(protocols.begin(), protocols.end(), Epsilons::upstream);
  if (upstream == 0) return " No epsilons";
  if (upstream == std::ssize(protocols)) return " Epsilons and no-object credit as upstream";
  return " Epsilons and no-object credit as each protocol says";
}

}  // namespace

std::vector<std::size_t> variants_by_budget(const Run& run) {
  std::vector<std::size_t> order(run.variants.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto budget = [&](std::size_t v) {
    const std::int64_t tokens = run.variants[v].tokens;
    return tokens > 0 ? tokens : std::numeric_limits<std::int64_t>::max();
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return budget(a) > budget(b); });
  return order;
}

std::string method_label(const Variant& variant) {
  std::string label = variant.id;
  const std::size_t from = label.find('@');
  if (from != std::string::npos) label.erase(from, label.find('[', from) - from);
  return label;
}

std::vector<std::string> notes_on_protocols(const Run& run) {
  if (run.protocols.size() < 2) return {};
  const json::Document document = json::Document::parse(run.protocols.front(), "protocol 0");
  std::vector<std::string> notes;
  for (std::size_t p = 0; p < run.protocols.size(); ++p) {
    const std::string name = fmt::format("protocol {}", p);
    const json::Document other = json::Document::parse(run.protocols[p], name);
    std::vector<std::string> values;
    other.root().each_member([&](std::string_view option, const json::Value& value) {
      const auto first = document.root().find(option);
      if (p == 0 || !first || first->as_string() != value.as_string())
        values.push_back(fmt::format("{} {}", option, value.as_string()));
    });
    notes.push_back(fmt::format("Protocol {}: {}{}.", p, fmt::join(values, ", "),
                                p == 0 ? "" : "; otherwise like protocol 0"));
  }
  return notes;
}

std::string clause_on_remark(const TableInput& input) {
  const std::string remark = environment_of(input.run, "remark");
  return remark.empty() ? remark : " " + remark;
}

std::string caption_of(const TableInput& input, const std::string& first_sentence) {
  const bool f32 = input.options.accumulation == Accumulation::f32;
  std::string caption = first_sentence + " Teacher-forced." + clause_on(input.summary.epsilons);
  caption += f32 ? ", float32 sums in evaluation order." : ", exact sums.";
  if (input.options.padded_ranks > 1) {
    caption += fmt::format(" Images counted as {} padded ranks would.", input.options.padded_ranks);
  }
  const std::string kernel = environment_of(input.run, "attention");
  if (!kernel.empty()) caption += fmt::format(" Attention kernel: {}.", kernel);
  return caption + clause_on_compute(input) + clause_on_graphs(input) + clause_on_remark(input);
}

std::vector<std::string> notes_on_intervals(const TableInput& input) {
  const InferenceOptions& options = input.inference.options;
  if (input.inference.intervals.empty()) {
    if (options.draws.draws == 0) return {};
    return {fmt::format("No intervals: no split has {} images.", options.least_images)};
  }
  const char* kind = options.interval.kind == IntervalKind::bca ? "BCa" : "percentile";
  std::vector<std::string> notes{
      fmt::format("[ ] and ± (half the width): {:.4g} % intervals, {} bootstrap of whole images, "
                  "{} draws, seed {}; cells of fewer than {} "
                  "images have none.",
                  100 * options.interval.level, kind, options.draws.draws, options.draws.seed,
                  options.least_images)};
  return notes;
}

std::vector<std::string> notes_on_marks(const TableInput& input) {
  const InferenceOptions& options = input.inference.options;
  if (input.inference.comparisons.empty()) return {};
  const char* correction = options.correction == Correction::holm ? "Holm" : "Benjamini-Hochberg";
  return {
      fmt::format("Best and second of a budget are marked where the next one is significantly "
                  "lower ({}, p < {}).",
                  correction, options.alpha)};
}

std::string why_no_latency(const TableInput& input) {
  if (input.summary.latency_units == 0)
    return "no speed-up and memory: the run has no latency pass";
  if (!input.summary.baseline) {
    return fmt::format("no speed-up and memory: the run has no baseline {}",
                       input.options.baseline);
  }
  return "";
}

}  // namespace litebench::analysis
