// LiteLVLM (arXiv 2605.13178): the patches least similar to the texts, filled up with those of
// highest context score.
#include "model/prune/cost.hpp"
#include "model/prune/litelvlm_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {

Method litelvlm() {
  Method method = litelvlm_method({.id = "litelvlm",
                                   .title = "LiteLVLM",
                                   .paper = "arXiv 2605.13178",
                                   .fidelity = "code@5896153d8aa8"},
                                  "least similar patches of each text, filled with context patches",
                                  Filler::context);
  method.about =
      "Takes, for each text, the floor(N/Q) patches that CLIP finds least similar to it, and "
      "fills their union up to N with the patches of the highest context score: soft-max over "
      "the patches of the cosine of the CLS query and the patch key, times the norm of the "
      "patch value. Context patches come first, by score, then the dissimilar ones in raster "
      "order.";
  method.quirks = {
      "With one text the released rule leaves no room for context patches at all; the paper "
      "takes the intersection over texts of N each and half of the budget for one text "
      "(variant=paper).",
      "The context soft-max works on cosines divided by 32, which makes it almost flat: the "
      "ranking is close to that of value_norm.",
      "The CLIP text is the whole question; the first release used the bare expression "
      "(variant=code-v0, the same as variant=expression)."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return similarity_macs(g) + 3.0 * static_cast<double>(g.vision.patches() * g.vision.hidden);
  };
  return method;
}

}  // namespace litebench::prune::methods
