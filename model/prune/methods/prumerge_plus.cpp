// LLaVA-PruMerge+ (arXiv 2403.15388) at a fixed budget: a quarter of the patches by attention, as
// its released rule has about four times PruMerge's count, the others evenly spaced.
#include "model/prune/methods.hpp"
#include "model/prune/prumerge_pruner.hpp"

namespace litebench::prune::methods {

Method prumerge_plus() {
  return prumerge_method("prumerge+", "LLaVA-PruMerge+",
                         "prumerge with three quarters of its patches evenly spaced",
                         PruMergeKind::plus);
}

}  // namespace litebench::prune::methods
