#include "model/prune/decoder_pruner.hpp"

#include <array>
#include <cassert>

#include <fmt/core.h>

#include "model/prune/before_llm_pruner.hpp"

namespace litebench::prune {

std::variant<Schedule, Infeasible> DecoderPruner::schedule(const model::Geometry& geometry) const {
  const auto whole = same_in_every_layer(budget_, geometry);
  if (std::holds_alternative<Infeasible>(whole) || budget_.tokens == geometry.vision.patches()) {
    return whole;
  }
  const auto planned = stages(geometry);
  if (const auto* infeasible = std::get_if<Infeasible>(&planned)) return *infeasible;
  return schedule_of(std::get<Stages>(planned), geometry);
}

Stages DecoderPruner::planned(const model::Geometry& geometry) const {
  if (budget_.tokens >= geometry.vision.patches()) return {};
  const auto planned = stages(geometry);
  return std::holds_alternative<Stages>(planned) ? std::get<Stages>(planned) : Stages{};
}

std::vector<std::int64_t> DecoderPruner::cut_layers(const model::Geometry& geometry) const {
  std::vector<std::int64_t> layers;
  for (const Stage& stage : planned(geometry)) layers.push_back(stage.layer);
  return layers;
}

std::optional<TokenPlan> DecoderPruner::before_layer(const LayerView& view, RunState* state) const {
  const std::int64_t visual = view.ledger().visual_count();
  for (const Stage& stage : planned(view.geometry())) {
    if (stage.layer != view.layer() || stage.leaving() >= visual) continue;
    TokenPlan plan = cut(view, stage, state);
    assert(plan.size() == stage.leaving() && plan.sources() == visual);
    return plan;
  }
  return std::nullopt;
}

std::variant<Stages, Infeasible> single_cut(const Budget& budget, std::int64_t layer,
                                            const model::Geometry& geometry) {
  const std::array<std::int64_t, 1> published{layer};
  const std::int64_t own = stage_layers(published, geometry.llama.layers).front();
  if (own == 0) return Infeasible{"the model has a single layer"};
  if (budget.mode != unit::BudgetMode::layer_mean) return Stages{{own, budget.tokens}};
  const std::int64_t kept = after_single_cut(budget.tokens, own, geometry);
  if (kept < 1) {
    return Infeasible{fmt::format("a mean of {} tokens with all {} in the first {} of {} layers",
                                  budget.tokens, geometry.vision.patches(), own,
                                  geometry.llama.layers)};
  }
  return Stages{{own, kept}};
}

}  // namespace litebench::prune
