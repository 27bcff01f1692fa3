// The patches whose direction is least that of the texts: sim_low without the patch norm.
#include "model/prune/methods.hpp"
#include "model/prune/sim_pruner.hpp"

namespace litebench::prune::methods {

Method sim_low_cos() {
  return sim_method("sim_low_cos", "Lowest cosine", "smallest cosine to the texts in CLIP space",
                    kernels::Best::smallest, SimKind::cosine);
}

}  // namespace litebench::prune::methods
