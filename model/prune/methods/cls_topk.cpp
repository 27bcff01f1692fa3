// The patches that CLS attends to most in the layer that made the features.
#include "model/prune/cls_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method cls_topk() {
  Method method =
      cls_method({.id = "cls_topk", .title = "CLS attention", .paper = "", .fidelity = "litebench"},
                 "largest head-mean attention of the CLS query", kernels::Best::largest);
  method.about =
      "Keeps the patches with the largest attention of CLS in the layer that made the features, "
      "mean over heads.";
  return method;
}

}  // namespace litebench::prune::methods
