// LLaVA-PruMerge (arXiv 2403.15388): at a fixed budget or, as released, as many tokens as the
// attention has outliers.
#include "model/prune/methods.hpp"
#include "model/prune/prumerge_pruner.hpp"

namespace litebench::prune::methods {

Method prumerge() {
  Method method =
      prumerge_method("prumerge", "LLaVA-PruMerge",
                      "N - 1 patches by CLS attention that take in their neighbours, and one "
                      "token for the others; without N as many patches as attention has outliers",
                      PruMergeKind::attention);
  method.about =
      "Ranks the patches by the attention of CLS in the layer behind the features, all heads "
      "taken as one, and keeps the first N - 1 by rank; each takes in its 32 nearest patches "
      "by key, weighted by their attention. The weighted sum of all patches that were not kept "
      "is the last token.";
  method.quirks = {
      "Merge weights are not normalised, and a kept patch may be taken in by another one: kept "
      "as released.",
      "The released count follows an outlier rule and differs between images: so it is without N; "
      "with N the budget fixes it."};
  return method;
}

}  // namespace litebench::prune::methods
