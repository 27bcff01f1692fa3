// LLaVA-PruMerge+ (arXiv 2403.15388): prumerge and evenly spaced patches. At a fixed budget a
// quarter of the patches by attention, as its released rule has about four times PruMerge's count.
#include "model/prune/methods.hpp"
#include "model/prune/prumerge_pruner.hpp"

namespace litebench::prune::methods {

Method prumerge_plus() {
  Method method = prumerge_method("prumerge+", "LLaVA-PruMerge+",
                                  "prumerge with three quarters of its patches evenly spaced; "
                                  "without N the outliers of attention and a regular sequence",
                                  PruMergeKind::plus);
  method.about =
      "As prumerge, but only a quarter of the N - 1 patches are chosen by attention; the others "
      "are evenly spaced among the rest, appended behind.";
  method.quirks = {
      "Merge weights are not normalised, and a kept patch may be taken in by another one: kept "
      "as released.",
      "The released count follows an outlier rule and differs between images: so it is without N; "
      "with N the budget fixes it.",
      "The released spacing can divide by zero and never reaches the last patch. Without N its "
      "step is at least one patch; with N the even spacing can do neither."};
  return method;
}

}  // namespace litebench::prune::methods
