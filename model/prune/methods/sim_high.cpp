// The patches most similar to the texts: the intuition that LiteLVLM reverses.
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/sim_pruner.hpp"

namespace litebench::prune::methods {

Method sim_high() {
  Method method = sim_method("sim_high", "Highest similarity",
                             "largest CLIP similarity to the texts", kernels::Best::largest);
  method.about =
      "Keeps the patches that CLIP finds most similar to the texts, by inner product in the "
      "joint space.";
  method.macs = [](const model::Geometry& g, std::int64_t) { return similarity_macs(g); };
  return method;
}

}  // namespace litebench::prune::methods
