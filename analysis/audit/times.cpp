#include "analysis/audit/times.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/core.h>

namespace litebench::analysis::audit {
namespace {

using Getter = double (*)(const results::Unit&);

/// Time, memory and work of the samples, each by its mean over paired units.
struct Paired {
  std::int64_t pairs = 0, samples = 0;
  double own = 0, baseline = 0;
};

double total_ns(const results::Unit& unit) { return static_cast<double>(unit.total_ns); }
double prefill_ns(const results::Unit& unit) {
  return static_cast<double>(unit.stage_ns[static_cast<std::size_t>(store::Stage::prefill)]);
}
double llm_bytes(const results::Unit& unit) { return static_cast<double>(unit.peak_bytes_llm); }
double peak_bytes(const results::Unit& unit) { return static_cast<double>(unit.peak_bytes_total); }
double flops(const results::Unit& unit) { return unit.flops_total; }

enum class Form { mean, baseline_over_own, own_over_baseline, count };

struct Recipe {
  std::string_view metric;
  std::string_view column;
  Getter get;
  Form form;
  double scale;  ///< of a mean
};

constexpr double kMebibyte = 1024.0 * 1024.0;
constexpr Recipe kRecipes[] = {
    {"pairs", "total_ns", total_ns, Form::count, 1},
    {"prefill_ms", "stage_ns[prefill]", prefill_ns, Form::mean, 1e6},
    {"prefill_speed_up", "stage_ns[prefill]", prefill_ns, Form::baseline_over_own, 1},
    {"total_ms", "total_ns", total_ns, Form::mean, 1e6},
    {"speed_up", "total_ns", total_ns, Form::baseline_over_own, 1},
    {"llm_mib", "peak_bytes_llm", llm_bytes, Form::mean, kMebibyte},
    {"llm_memory", "peak_bytes_llm", llm_bytes, Form::own_over_baseline, 1},
    {"peak_mib", "peak_bytes_total", peak_bytes, Form::mean, kMebibyte},
    {"memory", "peak_bytes_total", peak_bytes, Form::own_over_baseline, 1},
    {"tflops", "flops_total", flops, Form::mean, 1e12},
};

const Recipe* find(std::string_view metric) {
  const auto* const found = std::ranges::find(kRecipes, metric, &Recipe::metric);
  return found == std::end(kRecipes) ? nullptr : found;
}

std::string formula_of(const Recipe& recipe) {
  switch (recipe.form) {
    case Form::count:
      return "pairs = latency units whose total_ns and whose baseline's was measured";
    case Form::mean:
      return fmt::format("{} = Σ {} / samples / {:g}, each sample by its mean over repeats",
                         recipe.metric, recipe.column, recipe.scale);
    case Form::baseline_over_own:
      return fmt::format(
          "{0} = Σ {1} of the baseline / Σ {1}, each sample by its mean over repeats",
          recipe.metric, recipe.column);
    default:
      return fmt::format(
          "{0} = Σ {1} / Σ {1} of the baseline, each sample by its mean over repeats",
          recipe.metric, recipe.column);
  }
}

/// Rows go to the evidence; values that were not measured leave the pair out.
Paired add_up(const Ledger& ledger, const Where& where, std::int16_t baseline,
              std::string_view column, Getter get, Evidence& evidence) {
  std::map<std::uint64_t, Paired> by_sample;
  for (const Pair& pair : ledger.pairs(where, baseline)) {
    const double mine = get(ledger.run().units[pair.own]),
                 theirs = get(ledger.run().units[pair.baseline]);
    if (mine <= 0 || theirs <= 0) continue;
    Paired& sample = by_sample[ledger.run().units[pair.own].sample_id];
    sample.own += mine;
    sample.baseline += theirs;
    ++sample.pairs;
    evidence.rows.push_back(pair.own);
    evidence.rows.push_back(pair.baseline);
  }
  Paired sums;
  for (const auto& [id, sample] : by_sample) {
    sums.own += sample.own / static_cast<double>(sample.pairs);
    sums.baseline += sample.baseline / static_cast<double>(sample.pairs);
    sums.pairs += sample.pairs;
    ++sums.samples;
  }
  evidence.steps.push_back(
      fmt::format("{} pairs of {} samples, Σ {} = {:.0f}, of the baseline {:.0f}", sums.pairs,
                  sums.samples, column, sums.own, sums.baseline));
  return sums;
}

Evidence latency_evidence(const Ledger& ledger, const Recipe& recipe, const Where& where,
                          std::int16_t baseline) {
  Evidence evidence;
  evidence.formula = formula_of(recipe);
  const Paired sums = add_up(ledger, where, baseline, recipe.column, recipe.get, evidence);
  if (recipe.form == Form::count) {
    evidence.value = static_cast<double>(sums.pairs);
  } else if (sums.pairs > 0) {
    const double mean = sums.own / static_cast<double>(sums.samples) / recipe.scale;
    evidence.value = recipe.form == Form::mean                ? mean
                     : recipe.form == Form::baseline_over_own ? sums.baseline / sums.own
                                                              : sums.own / sums.baseline;
  }
  return evidence;
}

/// Of every sample and seed the first row of /units that tells its tokens. −1: nobody counted them, as for masks of other
/// programs.
std::vector<std::size_t> units_with_tokens(const Ledger& ledger, const Where& where) {
  std::set<std::pair<std::uint64_t, std::int16_t>> seen;
  std::vector<std::size_t> rows = ledger.units(where);
  std::erase_if(rows, [&](std::size_t row) {
    const results::Unit& unit = ledger.run().units[row];
    return unit.kept < 0 || !seen.emplace(unit.sample_id, unit.seed).second;
  });
  return rows;
}

std::optional<double> mean_layer_tokens(const Ledger& ledger, const Where& where) {
  const std::vector<std::size_t> rows = units_with_tokens(ledger, where);
  double sum = 0;
  for (const std::size_t row : rows)
    sum += static_cast<double>(ledger.run().units[row].layer_mean_tokens);
  return rows.empty() ? std::nullopt : std::optional(sum / static_cast<double>(rows.size()));
}

/// What selecting takes per sample, in ns; nothing where no unit tells it.
std::optional<double> mean_selection(const Ledger& ledger, const Where& where,
                                     std::int16_t baseline, Evidence& evidence) {
  std::map<std::uint64_t, std::pair<double, std::int64_t>> by_sample;  // sum, units
  for (const Pair& pair : ledger.pairs(where, baseline)) {
    const results::Unit& unit = ledger.run().units[pair.own];
    const std::int64_t spent = unit.stage_ns[static_cast<std::size_t>(store::Stage::select)];
    if (spent < 0) continue;
    auto& [sum, units] = by_sample[unit.sample_id];
    sum += static_cast<double>(spent);
    ++units;
    evidence.rows.push_back(pair.own);
  }
  double sum = 0;
  for (const auto& [id, sample] : by_sample)
    sum += sample.first / static_cast<double>(sample.second);
  const std::size_t samples = by_sample.size();
  evidence.steps.push_back(
      fmt::format("Σ stage_ns[select] = {:.0f} over {} samples", sum, samples));
  return samples == 0 ? std::nullopt : std::optional(sum / static_cast<double>(samples));
}

/// Nothing unless every paired unit tells it: those that saw the counter move are not a fair sample.
Evidence energy_evidence(const Ledger& ledger, const Where& where, std::int16_t baseline) {
  Evidence evidence;
  evidence.formula =
      "energy_j = Σ energy_mj / samples / 1e3, each sample by its mean over repeats, if every "
      "paired "
      "unit tells it";
  std::map<std::uint64_t, std::pair<double, std::int64_t>> by_sample;  // sum, units
  std::int64_t silent = 0;
  for (const Pair& pair : ledger.pairs(where, baseline)) {
    const results::Unit& unit = ledger.run().units[pair.own];
    if (unit.total_ns <= 0 || ledger.run().units[pair.baseline].total_ns <= 0) continue;
    silent += unit.energy_mj <= 0 ? 1 : 0;
    auto& [sum, units] = by_sample[unit.sample_id];
    sum += static_cast<double>(unit.energy_mj);
    ++units;
    evidence.rows.push_back(pair.own);
  }
  double sum = 0;
  for (const auto& [id, sample] : by_sample)
    sum += sample.first / static_cast<double>(sample.second);
  evidence.steps.push_back(fmt::format("{} units of {} samples, {} without energy",
                                       evidence.rows.size(), by_sample.size(), silent));
  if (silent == 0 && !by_sample.empty())
    evidence.value = sum / static_cast<double>(by_sample.size()) / 1e3;
  return evidence;
}

/// ceiling, select_ms, saved_ms, break_even, energy_j.
Evidence composed_evidence(const Ledger& ledger, std::string_view metric, const Where& where,
                           std::int16_t baseline) {
  if (metric == "energy_j") return energy_evidence(ledger, where, baseline);
  Evidence evidence;
  if (metric == "select_ms") {
    evidence.formula =
        "select_ms = Σ stage_ns[select] / samples / 1e6, each sample by its mean over repeats";
    const auto mean = mean_selection(ledger, where, baseline, evidence);
    if (mean) evidence.value = *mean / 1e6;
    return evidence;
  }
  const Paired prefill = add_up(ledger, where, baseline, "stage_ns[prefill]", prefill_ns, evidence);
  const auto saved =
      prefill.pairs == 0
          ? std::nullopt
          : std::optional((prefill.baseline - prefill.own) / static_cast<double>(prefill.samples));
  if (metric == "saved_ms") {
    evidence.formula =
        "saved_ms = (Σ stage_ns[prefill] of the baseline − Σ stage_ns[prefill]) / samples / 1e6, "
        "each "
        "sample by its mean over repeats";
    if (saved) evidence.value = *saved / 1e6;
  } else if (metric == "ceiling") {
    evidence.formula =
        "ceiling = Σ total_ns of the baseline / (that − its Σ stage_ns[prefill] + own Σ "
        "stage_ns[prefill])";
    const Paired total = add_up(ledger, where, baseline, "total_ns", total_ns, evidence);
    if (total.pairs > 0 && total.pairs == prefill.pairs)
      evidence.value = total.baseline / (total.baseline - prefill.baseline + prefill.own);
  } else {
    evidence.formula =
        "break_even = B − select / saved × (B − own layer mean), B the baseline's layer mean";
    const auto select = mean_selection(ledger, where, baseline, evidence);
    const auto all = mean_layer_tokens(ledger, {where.protocol, where.split, baseline});
    const auto kept = mean_layer_tokens(ledger, where);
    if (!select || !saved || *saved <= 0 || !all || !kept || *kept >= *all) return evidence;
    evidence.steps.push_back(fmt::format("{:.1f} − {:.0f} / {:.0f} × ({:.1f} − {:.1f})", *all,
                                         *select, *saved, *all, *kept));
    const double budget = *all - *select / *saved * (*all - *kept);
    if (budget > 0) evidence.value = budget;
  }
  return evidence;
}

bool is_composed(std::string_view metric) {
  return metric == "ceiling" || metric == "select_ms" || metric == "saved_ms" ||
         metric == "break_even" || metric == "energy_j";
}

/// Budget, or the mean over samples and seeds.
Evidence token_evidence(const Ledger& ledger, std::string_view metric, const Where& where) {
  Evidence evidence;
  evidence.known = true;
  const std::int64_t budget = ledger.run().variants[static_cast<std::size_t>(where.variant)].tokens;
  if (metric == "tokens" && budget > 0) {
    evidence.formula = "tokens = the variant's budget";
    evidence.value = static_cast<double>(budget);
    return evidence;
  }
  evidence.table = "units";
  evidence.rows = units_with_tokens(ledger, where);
  const std::string_view column = metric == "tokens" ? "kept" : "layer_mean_tokens";
  evidence.formula = fmt::format("{} = Σ {} / units, of every sample and seed one", metric, column);
  double sum = 0;
  for (const std::size_t row : evidence.rows) {
    const results::Unit& unit = ledger.run().units[row];
    sum += metric == "tokens" ? unit.kept : static_cast<double>(unit.layer_mean_tokens);
  }
  evidence.steps.push_back(
      fmt::format("Σ {} = {:.1f} over {} units", column, sum, evidence.rows.size()));
  if (!evidence.rows.empty()) evidence.value = sum / static_cast<double>(evidence.rows.size());
  return evidence;
}

}  // namespace

bool is_unit_metric(std::string_view metric) {
  return metric == "tokens" || metric == "layer_mean_tokens" || is_composed(metric) ||
         find(metric) != nullptr;
}

Evidence unit_evidence(const Ledger& ledger, std::string_view metric, const Where& where,
                       std::int16_t baseline) {
  const Recipe* recipe = find(metric);
  if (recipe == nullptr && !is_composed(metric)) return token_evidence(ledger, metric, where);
  Evidence evidence = recipe == nullptr ? composed_evidence(ledger, metric, where, baseline)
                                        : latency_evidence(ledger, *recipe, where, baseline);
  evidence.known = true;
  evidence.table = "units";
  std::sort(evidence.rows.begin(), evidence.rows.end());
  evidence.rows.erase(std::unique(evidence.rows.begin(), evidence.rows.end()), evidence.rows.end());
  return evidence;
}

}  // namespace litebench::analysis::audit
