// The patches least similar to the texts: LiteLVLM without context tokens.
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/sim_pruner.hpp"

namespace litebench::prune::methods {

Method sim_low() {
  Method method = sim_method("sim_low", "Lowest similarity",
                             "smallest CLIP similarity to the texts", kernels::Best::smallest);
  method.about =
      "Keeps the patches that CLIP finds least similar to the texts, by inner product in the "
      "joint space. LiteLVLM without context patches.";
  method.macs = [](const model::Geometry& g, std::int64_t) { return similarity_macs(g); };
  return method;
}

}  // namespace litebench::prune::methods
