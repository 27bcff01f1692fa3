// LiteLVLM (arXiv 2605.13178): the patches least similar to the texts, filled up with those of
// highest context score.
#include "model/prune/litelvlm_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method litelvlm() {
  return litelvlm_method({.id = "litelvlm",
                          .title = "LiteLVLM",
                          .paper = "arXiv 2605.13178",
                          .fidelity = "code@5896153d8aa8"},
                         "least similar patches of each text, filled with context patches",
                         Filler::context);
}

}  // namespace litebench::prune::methods
