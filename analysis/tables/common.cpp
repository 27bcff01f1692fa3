#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/core.h>

#include "analysis/tables/build.hpp"

namespace litebench::analysis {

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

std::string caption_of(const TableInput& input, const std::string& first_sentence) {
  const bool upstream = std::find(input.summary.epsilons.begin(), input.summary.epsilons.end(),
                                  Epsilons::upstream) != input.summary.epsilons.end();
  const bool f32 = input.options.accumulation == Accumulation::f32;
  std::string caption = first_sentence + " Teacher-forced.";
  caption += upstream ? " Epsilons and no-object credit as upstream" : " No epsilons";
  caption += f32 ? ", float32 sums in evaluation order." : ", exact sums.";
  if (input.options.padded_ranks > 1) {
    caption += fmt::format(" Images counted as {} padded ranks would.", input.options.padded_ranks);
  }
  const std::string kernel = environment_of(input.run, "attention");
  if (!kernel.empty()) caption += fmt::format(" Attention kernel: {}.", kernel);
  return caption;
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
