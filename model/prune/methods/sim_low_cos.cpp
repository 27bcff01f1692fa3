// The patches whose direction is least that of the texts: sim_low without the patch norm.
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/sim_pruner.hpp"

namespace litebench::prune::methods {

Method sim_low_cos() {
  Method method =
      sim_method("sim_low_cos", "Lowest cosine", "smallest cosine to the texts in CLIP space",
                 kernels::Best::smallest, SimKind::cosine);
  method.about =
      "As sim_low, by cosine whatever the protocol says: inner product and cosine differ by the "
      "patch's norm.";
  method.macs = [](const model::Geometry& g, std::int64_t) { return similarity_macs(g); };
  return method;
}

}  // namespace litebench::prune::methods
