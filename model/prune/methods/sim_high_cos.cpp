// The patches whose direction is most that of the texts: sim_high without the patch norm.
#include "model/prune/methods.hpp"
#include "model/prune/sim_pruner.hpp"

namespace litebench::prune::methods {

Method sim_high_cos() {
  return sim_method("sim_high_cos", "Highest cosine", "largest cosine to the texts in CLIP space",
                    kernels::Best::largest, SimKind::cosine);
}

}  // namespace litebench::prune::methods
