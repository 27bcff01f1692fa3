#include "model/prune/geometric.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/core.h>

namespace litebench::prune {
namespace {

using Counts = std::vector<std::int64_t>;

constexpr std::int64_t kThousandths = 1000;

/// ⌊λ^i · patches⌋ for i = 1 … stages, exactly.
Counts shares(std::int64_t lambda, std::size_t stages, std::int64_t patches) {
  Counts kept;
  std::int64_t numerator = patches, denominator = 1;
  for (std::size_t i = 0; i < stages; ++i) {
    numerator *= lambda;
    denominator *= kThousandths;
    kept.push_back(numerator / denominator);
  }
  return kept;
}

/// The most that a stage may keep so that, with what it makes of the others, `leaving` go on.
std::int64_t kept_for(std::int64_t leaving, std::int64_t entering, const Merged& merged) {
  std::int64_t kept = std::min(leaving, entering);
  while (merged && kept > 0 && kept < entering && kept + merged(entering - kept) > leaving) --kept;
  return kept;
}

/// `last` tokens leave the last stage, and equal ratios those before it.
Counts down_to(std::int64_t last, std::size_t stages, std::int64_t patches) {
  const double whole = static_cast<double>(patches), share = static_cast<double>(last) / whole;
  Counts kept;
  for (std::size_t i = 1; i < stages; ++i) {
    const double power = static_cast<double>(i) / static_cast<double>(stages);
    kept.push_back(static_cast<std::int64_t>(whole * std::pow(share, power)));
  }
  kept.push_back(last);
  return kept;
}

}  // namespace

Stages stages_at(std::span<const std::int64_t> layers, std::span<const std::int64_t> kept,
                 const model::Geometry& geometry, const Merged& merged) {
  const std::vector<std::int64_t> own = stage_layers(layers, geometry.llama.layers);
  std::int64_t entering = geometry.vision.patches();
  Stages stages;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (own[i] == 0 || kept[i] >= entering) continue;
    const std::int64_t made = merged ? merged(entering - kept[i]) : 0;
    stages.push_back({own[i], kept[i], made});
    entering = std::min(entering, kept[i] + made);
  }
  return stages;
}

namespace {

Stages stages_down_to(std::int64_t last, std::span<const std::int64_t> layers,
                      const model::Geometry& geometry, const Merged& merged) {
  const std::vector<std::int64_t> own = stage_layers(layers, geometry.llama.layers);
  std::int64_t entering = geometry.vision.patches();
  Counts kept = down_to(last, layers.size(), entering);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (own[i] == 0) continue;
    const std::int64_t leaving = kept[i];
    kept[i] = kept_for(leaving, entering, merged);
    entering = std::min(entering, leaving);
  }
  return stages_at(layers, kept, geometry, merged);
}

}  // namespace

std::variant<Stages, Infeasible> geometric_stages(const Budget& budget,
                                                  std::span<const std::int64_t> layers,
                                                  const model::Geometry& geometry,
                                                  const Merged& merged) {
  const std::int64_t patches = geometry.vision.patches();
  if (stage_layers(layers, geometry.llama.layers).back() == 0) {
    return Infeasible{"the model has a single layer"};
  }
  if (budget.mode == unit::BudgetMode::after_prune) {
    Stages stages = stages_down_to(budget.tokens, layers, geometry, merged);
    if (stages.back().leaving() == budget.tokens) return stages;
    return Infeasible{fmt::format("{} tokens after the last stage, where {} are merged ones",
                                  budget.tokens, stages.back().merged)};
  }
  std::optional<double> nearest, smallest;
  Stages best;
  for (std::int64_t lambda = 1; lambda <= kThousandths; ++lambda) {
    const Counts kept = shares(lambda, layers.size(), patches);
    if (kept.back() < 1) continue;
    Stages stages = stages_at(layers, kept, geometry, merged);
    const double mean = schedule_of(stages, geometry).mean();
    const double distance = std::abs(mean - static_cast<double>(budget.tokens));
    if (!smallest) smallest = mean;
    if (nearest && distance >= *nearest) continue;
    nearest = distance;
    best = std::move(stages);
  }
  if (!nearest || *nearest > 1) {
    return Infeasible{fmt::format("a mean of {} tokens with these layers; the least is {:.1f}",
                                  budget.tokens, smallest.value_or(0))};
  }
  return best;
}

}  // namespace litebench::prune
