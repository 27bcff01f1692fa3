// DivPrune (arXiv 2503.02175): the projected patches that are farthest from one another.
#include <ATen/TensorOperators.h>

#include "kernels/greedy/max_min.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

class DivPrune final : public BeforeLlmPruner {
 public:
  using BeforeLlmPruner::BeforeLlmPruner;

  [[nodiscard]] TapRequest taps(const model::Geometry&) const override {
    TapRequest request;
    request.projected = true;
    return request;
  }

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView&) const override {
    // Subtracted in the scores' dtype: in bf16 that rounding makes ties of its own.
    const at::Tensor parts[] = {1 - cosine_gram(vision.projected, vision.scores)};
    const HostScores host(parts);
    return raster(kernels::max_min_selection(host.row(0).data(), vision.patches(), tokens()));
  }
};

}  // namespace

Method divprune() {
  Method method;
  method.info = {.id = "divprune",
                 .title = "DivPrune",
                 .paper = "arXiv 2503.02175",
                 .fidelity = "code@799e2d950aa0"};
  method.help = "greedy max-min cosine distance of the projected patches";
  method.about =
      "Starts with the patch whose nearest neighbour is farthest, then takes again and again the "
      "patch that is farthest from all taken ones, by cosine distance of the projected "
      "features.";
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return patch_gram_macs(g, g.llama.hidden);
  };
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<DivPrune>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
