// The patches that CLS attends to most in the layer that made the features (FasterVLM; HiRED on one
// view).
#include "kernels/select/stable_topk.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

class ClsTopk final : public BeforeLlmPruner {
 public:
  using BeforeLlmPruner::BeforeLlmPruner;

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest request;
    request.vision.layers = {{.layer = producing_layer(geometry.vision), .cls_row = true}};
    return request;
  }

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView&) const override {
    const auto& tap = vision.features.layers.at(producing_layer(vision.geometry.vision));
    const at::Tensor parts[] = {cls_attention(tap, vision.scores)};
    return raster(kernels::stable_topk(HostScores(parts).row(0), tokens(), kernels::Best::largest));
  }
};

}  // namespace

Method cls_topk() {
  Method method;
  method.info = {.id = "cls_topk",
                 .title = "CLS attention",
                 .paper = "arXiv 2412.01818",
                 .fidelity = "code@f5d5f1203710"};
  method.help = "largest head-mean attention of the CLS query";
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<ClsTopk>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
