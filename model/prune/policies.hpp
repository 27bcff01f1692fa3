#pragma once
// Order and position of what a method selected: flags of the variant, applied by the engine after
// the method (pruners.md §2.2, §2.3), so that "original positions" is a column of a table and not
// another method.

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// What `native` means for this method.
unit::PositionPolicy resolved(unit::PositionPolicy policy, const PrunerInfo& info);

/// The method's plan in the order the variant asks for.
TokenPlan select(const Pruner& pruner, unit::OrderPolicy order, const VisionView& vision,
                 const QueryView& queries, RunState* state);

}  // namespace litebench::prune
