// LLaVA-PruMerge (arXiv 2403.15388) at a fixed budget; the released rule makes as many tokens as
// the attention has outliers.
#include "model/prune/methods.hpp"
#include "model/prune/prumerge_pruner.hpp"

namespace litebench::prune::methods {

Method prumerge() {
  return prumerge_method("prumerge", "LLaVA-PruMerge",
                         "N - 1 patches by CLS attention that take in their neighbours, and one "
                         "token for the others",
                         PruMergeKind::attention);
}

}  // namespace litebench::prune::methods
