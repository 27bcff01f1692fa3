// The patches with the largest value vectors in the layer after the features: nearly LiteLVLM's
// context score, whose attention weights differ by at most 6 % (pruners.md §0, finding 8).
#include "kernels/select/stable_topk.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

class ValueNorm final : public BeforeLlmPruner {
 public:
  using BeforeLlmPruner::BeforeLlmPruner;

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest request;
    request.vision.layers = {{.layer = following_layer(geometry.vision), .v = true}};
    return request;
  }

  [[nodiscard]] at::Tensor scores(const VisionView& vision, const QueryView&) const override {
    return prune::value_norm(vision.features.layers.at(following_layer(vision.geometry.vision)),
                             vision.scores);
  }

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView& queries) const override {
    const at::Tensor parts[] = {scores(vision, queries)};
    return raster(kernels::stable_topk(HostScores(parts).row(0), tokens(), kernels::Best::largest,
                                       vision.scores.ties));
  }
};

}  // namespace

Method value_norm() {
  Method method;
  method.info = {.id = "value_norm", .title = "Value norm", .paper = "", .fidelity = "litebench"};
  method.help = "largest value vectors of the layer after the features";
  method.about =
      "Keeps the patches whose value vectors in the layer behind the features are longest.";
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return static_cast<double>(g.vision.patches() * g.vision.hidden);
  };
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<ValueNorm>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
