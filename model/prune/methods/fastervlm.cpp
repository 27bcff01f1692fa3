// FasterVLM (arXiv 2412.01818, first version): cls_topk under its published name.
#include "model/prune/cls_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method fastervlm() {
  Method method = cls_method({.id = "fastervlm",
                              .title = "FasterVLM",
                              .paper = "arXiv 2412.01818v1",
                              .fidelity = "code@f5d5f1203710"},
                             "largest CLS attention, the same as cls_topk", kernels::Best::largest);
  method.about =
      "Keeps the patches with the largest attention of CLS in the layer that made the features, "
      "mean over heads.";
  method.quirks = {"Equal to cls_topk and hired."};
  return method;
}

}  // namespace litebench::prune::methods
