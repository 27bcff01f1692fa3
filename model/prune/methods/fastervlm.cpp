// FasterVLM (arXiv 2412.01818, first version): cls_topk under its published name.
#include "model/prune/cls_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method fastervlm() {
  return cls_method({.id = "fastervlm",
                     .title = "FasterVLM",
                     .paper = "arXiv 2412.01818v1",
                     .fidelity = "code@f5d5f1203710"},
                    "largest CLS attention, the same as cls_topk", kernels::Best::largest);
}

}  // namespace litebench::prune::methods
