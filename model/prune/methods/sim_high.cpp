// The patches most similar to the texts: the intuition that LiteLVLM reverses.
#include "model/prune/methods.hpp"
#include "model/prune/sim_pruner.hpp"

namespace litebench::prune::methods {

Method sim_high() {
  return sim_method("sim_high", "Highest similarity", "largest CLIP similarity to the texts",
                    kernels::Best::largest);
}

}  // namespace litebench::prune::methods
