// The patches that CLS attends to least: the control of cls_topk.
#include "model/prune/cls_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method cls_bottomk() {
  Method method = cls_method(
      {.id = "cls_bottomk", .title = "Lowest CLS attention", .paper = "", .fidelity = "litebench"},
      "smallest head-mean attention of the CLS query", kernels::Best::smallest);
  method.about = "Keeps the patches with the smallest attention of CLS: the control of cls_topk.";
  return method;
}

}  // namespace litebench::prune::methods
