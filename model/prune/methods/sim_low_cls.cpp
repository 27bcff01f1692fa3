// LiteLVLM with CLS attention in place of the context score. One text leaves no place to
// fill unless variant=paper.
#include "model/prune/litelvlm_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method sim_low_cls() {
  return litelvlm_method(
      {.id = "sim_low+cls", .title = "LiteLVLM, CLS filler", .paper = "", .fidelity = "litebench"},
      "LiteLVLM filled with patches of highest CLS attention", Filler::cls);
}

}  // namespace litebench::prune::methods
