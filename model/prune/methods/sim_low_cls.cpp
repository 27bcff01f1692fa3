// LiteLVLM with CLS attention in place of the context score. One text leaves no place to
// fill unless variant=paper.
#include "model/prune/cost.hpp"
#include "model/prune/litelvlm_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method sim_low_cls() {
  Method method = litelvlm_method(
      {.id = "sim_low+cls", .title = "LiteLVLM, CLS filler", .paper = "", .fidelity = "litebench"},
      "LiteLVLM filled with patches of highest CLS attention", Filler::cls);
  method.about = "LiteLVLM whose context patches are those of the largest CLS attention.";
  method.quirks = {
      "With one text and the released rule nothing is left to fill: equal to sim_low."};
  method.macs = [](const model::Geometry& g, std::int64_t) { return similarity_macs(g); };
  return method;
}

}  // namespace litebench::prune::methods
