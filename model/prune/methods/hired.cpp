// HiRED (arXiv 2408.10945) on a single view of the image, where its budget split over tiles has
// nothing to split: cls_topk under its published name. Sums over heads, which ranks like their mean.
#include "model/prune/cls_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method hired() {
  return cls_method({.id = "hired",
                     .title = "HiRED",
                     .paper = "arXiv 2408.10945",
                     .fidelity = "code@502d6dd79a03"},
                    "largest CLS attention, the same as cls_topk on one view",
                    kernels::Best::largest);
}

}  // namespace litebench::prune::methods
