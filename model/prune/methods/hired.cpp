// HiRED (arXiv 2408.10945) on a single view of the image, where its budget split over tiles has
// nothing to split: cls_topk under its published name. Sums over heads, which ranks like their mean.
#include "model/prune/cls_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method hired() {
  Method method =
      cls_method({.id = "hired",
                  .title = "HiRED",
                  .paper = "arXiv 2408.10945",
                  .fidelity = "code@502d6dd79a03"},
                 "largest CLS attention, the same as cls_topk on one view", kernels::Best::largest);
  method.about =
      "Keeps the patches with the largest attention of CLS in the layer that made the features, "
      "summed over heads, which ranks like their mean.";
  method.quirks = {
      "Its division of the budget over tiles of the image has nothing to divide on one view. "
      "Equal to cls_topk and fastervlm."};
  return method;
}

}  // namespace litebench::prune::methods
