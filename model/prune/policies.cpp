#include "model/prune/policies.hpp"

namespace litebench::prune {

unit::PositionPolicy resolved(unit::PositionPolicy policy, const PrunerInfo& info) {
  return policy == unit::PositionPolicy::native ? info.native_position : policy;
}

TokenPlan select(const Pruner& pruner, unit::OrderPolicy order, const VisionView& vision,
                 const QueryView& queries, RunState* state) {
  const TokenPlan plan = pruner.before_llm(vision, queries, state);
  return order == unit::OrderPolicy::raster ? plan.by_anchor() : plan;
}

}  // namespace litebench::prune
