#include "model/prune/before_llm_pruner.hpp"

#include <cassert>

#include <fmt/core.h>

namespace litebench::prune {

std::variant<Schedule, Infeasible> same_in_every_layer(const Budget& budget,
                                                       const model::Geometry& geometry) {
  if (const std::int64_t patches = geometry.vision.patches(); budget.tokens > patches) {
    return Infeasible{fmt::format("{} tokens of {} patches", budget.tokens, patches)};
  }
  const auto layers = static_cast<std::size_t>(geometry.llama.layers);
  return Schedule{std::vector<std::int64_t>(layers, budget.tokens)};
}

std::variant<Schedule, Infeasible> BeforeLlmPruner::schedule(
    const model::Geometry& geometry) const {
  return same_in_every_layer(budget_, geometry);
}

TokenPlan BeforeLlmPruner::before_llm(const VisionView& vision, const QueryView& queries,
                                      RunState*) const {
  const std::vector<std::int64_t> patches = choose(vision, queries);
  assert(static_cast<std::int64_t>(patches.size()) == budget_.tokens);
  return gather_patches(patches, vision.patches());
}

}  // namespace litebench::prune
