// The patches whose direction is most that of the texts: sim_high without the patch norm.
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/sim_pruner.hpp"

namespace litebench::prune::methods {

Method sim_high_cos() {
  Method method =
      sim_method("sim_high_cos", "Highest cosine", "largest cosine to the texts in CLIP space",
                 kernels::Best::largest, SimKind::cosine);
  method.about = "As sim_high, by cosine whatever the protocol says.";
  method.macs = [](const model::Geometry& g, std::int64_t) { return similarity_macs(g); };
  return method;
}

}  // namespace litebench::prune::methods
