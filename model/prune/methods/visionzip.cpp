// VisionZip (arXiv 2412.04467): CLS, the patches it attends to most, and the others merged around
// evenly strided ones.
#include "model/prune/cost.hpp"
#include "model/prune/merge_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"
#include "model/prune/visionzip_rows.hpp"

namespace litebench::prune::methods {
namespace {

class VisionZip final : public MergePruner {
 public:
  VisionZip(PrunerInfo info, const Budget& budget, bool cls)
      : MergePruner(std::move(info), budget), cls_(cls) {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest request;
    request.vision.layers = {
        {.layer = producing_layer(geometry.vision), .cls_row = true, .k = true}};
    return request;
  }

 protected:
  [[nodiscard]] TokenPlan merge(const VisionView& vision, const QueryView&) const override {
    const auto& tap = vision.features.layers.at(producing_layer(vision.geometry.vision));
    const std::int64_t heads = vision.geometry.vision.heads;
    const at::Tensor parts[] = {
        cls_attention(tap, vision.scores),
        cosine_gram(head_mean_keys(tap, heads, vision.scores), vision.scores)};
    const HostScores host(parts);
    return visionzip_plan({host.row(0), host.row(1).data(), vision.scores.ties},
                          visionzip_counts(tokens(), cls_));
  }

 private:
  bool cls_;
};

}  // namespace

Method visionzip() {
  Method method;
  method.info = {.id = "visionzip",
                 .title = "VisionZip",
                 .paper = "arXiv 2412.04467",
                 .fidelity = "code@3151f6df4fca",
                 .merges = true,
                 .native_order = unit::OrderPolicy::native};
  method.help = "CLS and patches by CLS attention, the others merged by their keys";
  method.about =
      "Keeps CLS and the patches with the largest CLS attention in raster order (27/32 of the "
      "budget), then merges the others: every stride-th of them is a target, the rest join the "
      "target with the nearest mean key, and target and mean of its members are added.";
  method.quirks = {
      "A merged token is the sum of two means, of about twice the usual norm: kept as released.",
      "CLS counts as one of the N tokens, though GLaMM's projector never saw it in training "
      "(cls_in_output=false leaves it out)."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return patch_gram_macs(g, g.vision.hidden / g.vision.heads);
  };
  method.options = {{.name = "cls_in_output",
                     .help = "whether CLS, which GLaMM's projector never saw, is one of the tokens",
                     .values = {"true", "false"}}};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<VisionZip>(info, budget, options.at("cls_in_output") == "true");
  };
  return method;
}

}  // namespace litebench::prune::methods
