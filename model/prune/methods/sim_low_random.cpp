// LiteLVLM with lots in place of the context score: what its filler is worth. One text leaves no
// place to fill unless variant=paper.
#include "model/prune/cost.hpp"
#include "model/prune/litelvlm_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method sim_low_random() {
  Method method =
      litelvlm_method({.id = "sim_low+random",
                       .title = "LiteLVLM, random filler",
                       .paper = "",
                       .fidelity = "litebench"},
                      "LiteLVLM filled with patches drawn by seed and sample", Filler::random);
  method.about = "LiteLVLM whose context patches are drawn by lot: what its filler is worth.";
  method.quirks = {
      "With one text and the released rule nothing is left to fill: equal to sim_low."};
  method.macs = [](const model::Geometry& g, std::int64_t) { return similarity_macs(g); };
  return method;
}

}  // namespace litebench::prune::methods
