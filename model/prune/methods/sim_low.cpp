// The patches least similar to the texts: LiteLVLM without context tokens.
#include "model/prune/methods.hpp"
#include "model/prune/sim_pruner.hpp"

namespace litebench::prune::methods {

Method sim_low() {
  return sim_method("sim_low", "Lowest similarity", "smallest CLIP similarity to the texts",
                    kernels::Best::smallest);
}

}  // namespace litebench::prune::methods
