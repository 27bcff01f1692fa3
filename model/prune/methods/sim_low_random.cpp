// LiteLVLM with lots in place of the context score: what its filler is worth. One text leaves no
// place to fill unless variant=paper.
#include "model/prune/litelvlm_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method sim_low_random() {
  return litelvlm_method({.id = "sim_low+random",
                          .title = "LiteLVLM, random filler",
                          .paper = "",
                          .fidelity = "litebench"},
                         "LiteLVLM filled with patches drawn by seed and sample", Filler::random);
}

}  // namespace litebench::prune::methods
