#include "analysis/metrics/catalogue.hpp"

#include <algorithm>

namespace litebench::analysis {
namespace {

constexpr RowsOf kExpressions = RowsOf::expressions, kTokens = RowsOf::tokens,
                 kLatency = RowsOf::latency, kColdStarts = RowsOf::cold_starts;

// Of the latency pass: Σ and means are over samples, each by its mean over the repeats that are paired with the baseline's.
constexpr Metric kMetrics[] = {
    {"ciou", "cIoU", Unit::percent, kExpressions,
     "Σ intersection / Σ union; mean over the method's seeds; averages: mean over splits"},
    {"giou", "gIoU", Unit::percent, kExpressions, "mean of intersection / union per expression"},
    {"p50", "P@0.5", Unit::percent, kExpressions, "share of expressions with IoU >= 0.5"},
    {"p60", "P@0.6", Unit::percent, kExpressions, "share of expressions with IoU >= 0.6"},
    {"p70", "P@0.7", Unit::percent, kExpressions, "share of expressions with IoU >= 0.7"},
    {"p80", "P@0.8", Unit::percent, kExpressions, "share of expressions with IoU >= 0.8"},
    {"p90", "P@0.9", Unit::percent, kExpressions, "share of expressions with IoU >= 0.9"},
    {"n_acc", "N-acc", Unit::percent, kExpressions,
     "share with predicted_area = 0 among expressions without a target"},
    {"t_acc", "T-acc", Unit::percent, kExpressions,
     "share with predicted_area > 0 among expressions with a target"},
    {"expressions", "Expressions", Unit::count, kExpressions, "number of paired rows of one seed"},
    {"seeds", "Seeds", Unit::count, kExpressions, "number of seeds with paired rows"},
    {"retention", "Retention", Unit::percent, kExpressions,
     "average cIoU / average cIoU of the baseline; within a split, of its cIoU"},
    {"ciou_delta", "Δ cIoU", Unit::points, kExpressions,
     "average cIoU − average cIoU of the other"},
    {"tokens", "Tokens", Unit::tokens, kTokens,
     "budget of the variant, or the mean of kept over samples and seeds where it has none"},
    {"layer_mean_tokens", "Layer mean", Unit::tokens, kTokens,
     "mean of layer_mean_tokens over samples and seeds"},
    {"pairs", "Pairs", Unit::count, kLatency, "units of which both total_ns were measured"},
    {"prefill_ms", "Prefill ms", Unit::milliseconds, kLatency, "mean of stage_ns[prefill] / 1e6"},
    {"prefill_speed_up", "Prefill", Unit::ratio, kLatency,
     "Σ stage_ns[prefill] of the baseline / Σ stage_ns[prefill]"},
    {"total_ms", "Total ms", Unit::milliseconds, kLatency, "mean of total_ns / 1e6"},
    {"speed_up", "Speed-up", Unit::ratio, kLatency, "Σ total_ns of the baseline / Σ total_ns"},
    {"ceiling", "Ceiling", Unit::ratio, kLatency,
     "Σ total_ns of the baseline / Σ (total_ns of the baseline − its stage_ns[prefill] + own "
     "stage_ns[prefill])"},
    {"select_ms", "Select ms", Unit::milliseconds, kLatency,
     "mean of stage_ns[select] / 1e6 over the paired units that tell it"},
    {"saved_ms", "Saved ms", Unit::milliseconds, kLatency,
     "mean of (stage_ns[prefill] of the baseline − own) / 1e6"},
    {"break_even", "Break-even", Unit::tokens, kLatency,
     "B − select_ms / saved_ms × (B − own layer mean), B: layer mean of the baseline's tokens"},
    {"llm_mib", "LLM MiB", Unit::mebibytes, kLatency, "mean of peak_bytes_llm / 2^20"},
    {"llm_memory", "LLM memory", Unit::ratio, kLatency,
     "Σ peak_bytes_llm / Σ peak_bytes_llm of the baseline"},
    {"peak_mib", "Peak MiB", Unit::mebibytes, kLatency, "mean of peak_bytes_total / 2^20"},
    {"memory", "Memory", Unit::ratio, kLatency,
     "Σ peak_bytes_total / Σ peak_bytes_total of the baseline"},
    {"energy_j", "Energy J", Unit::joules, kLatency,
     "mean of energy_mj / 1e3; nothing unless every paired unit tells it"},
    {"starts", "Starts", Unit::count, kColdStarts,
     "first runs whose conversation was timed afterwards in the same process"},
    {"first_ms", "First ms", Unit::milliseconds, kColdStarts,
     "median of total_ns of the first runs / 1e6"},
    {"warm_ms", "Warm ms", Unit::milliseconds, kColdStarts,
     "median over first runs of the median total_ns of the timed runs / 1e6"},
    {"first_over_warm", "First / warm", Unit::ratio, kColdStarts, "first_ms / warm_ms"},
    {"tflops", "TFLOPs", Unit::teraflops, kLatency, "mean of flops_total / 1e12"},
};

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

const Metric* find_metric(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kMetrics), std::end(kMetrics),
                                         [&](const Metric& m) { return m.name == name; });
  return found == std::end(kMetrics) ? nullptr : found;
}

}  // namespace litebench::analysis
