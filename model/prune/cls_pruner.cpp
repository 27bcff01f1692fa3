#include "model/prune/cls_pruner.hpp"

#include "model/prune/scores.hpp"

namespace litebench::prune {
namespace {

class ClsPruner final : public ClsTapPruner {
 public:
  ClsPruner(PrunerInfo info, const Budget& budget, kernels::Best best)
      : ClsTapPruner(std::move(info), budget), best_(best) {}

  [[nodiscard]] at::Tensor scores(const VisionView& vision, const QueryView&) const override {
    return tapped_attention(vision);
  }

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView& queries) const override {
    const at::Tensor parts[] = {scores(vision, queries)};
    return raster(
        kernels::stable_topk(HostScores(parts).row(0), tokens(), best_, vision.scores.ties));
  }

 private:
  kernels::Best best_;
};

}  // namespace

TapRequest ClsTapPruner::taps(const model::Geometry& geometry) const {
  TapRequest request;
  request.vision.layers = {{.layer = producing_layer(geometry.vision), .cls_row = true}};
  return request;
}

at::Tensor ClsTapPruner::tapped_attention(const VisionView& vision) {
  return cls_attention(vision.features.layers.at(producing_layer(vision.geometry.vision)),
                       vision.scores);
}

Method cls_method(PrunerInfo info, const std::string& help, kernels::Best best) {
  Method method;
  method.info = std::move(info);
  method.help = help;
  method.make = [best](const PrunerInfo& made, const Budget& budget, const Options&) {
    return std::make_shared<ClsPruner>(made, budget, best);
  };
  return method;
}

}  // namespace litebench::prune
