// HoloV (arXiv 2510.02912): every part of the image gets a share of the budget by its attention and
// variety, and fills it with its most attended patches.
#include "model/prune/cost.hpp"
#include "model/prune/holov_segments.hpp"
#include "model/prune/merge_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

class HoloV final : public MergePruner {
 public:
  HoloV(PrunerInfo info, const Budget& budget, HolovDeficit deficit)
      : MergePruner(std::move(info), budget), deficit_(deficit) {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest request;
    request.vision.layers = {{.layer = producing_layer(geometry.vision), .cls_row = true}};
    request.projected = true;
    return request;
  }

 protected:
  [[nodiscard]] TokenPlan merge(const VisionView& vision, const QueryView&) const override {
    const auto& tap = vision.features.layers.at(producing_layer(vision.geometry.vision));
    const at::Tensor parts[] = {cls_attention(tap, vision.scores),
                                cosine_gram(vision.projected, vision.scores)};
    const HostScores host(parts);
    auto chosen =
        holov_choice({host.row(0), host.row(1).data(), vision.scores.ties}, tokens(), deficit_);
    if (deficit_ == HolovDeficit::redistributed) chosen = raster(std::move(chosen));
    PlanBuilder builder(vision.patches());
    for (const std::int64_t patch : chosen) builder.select_patch(patch);
    for (std::int64_t i = std::ssize(chosen); i < tokens(); ++i) builder.end_row_at_the_end();
    return std::move(builder).plan();
  }

 private:
  HolovDeficit deficit_;
};

}  // namespace

Method holov() {
  Method method;
  method.info = {.id = "holov",
                 .title = "HoloV",
                 .paper = "arXiv 2510.02912",
                 .fidelity = "code@1d2e65e961e6",
                 .native_order = unit::OrderPolicy::native};
  method.help = "parts of the raster sequence share the budget by attention and variety";
  method.about =
      "Divides the raster sequence into parts (5 at 192, 8 at 128, 16 at 64) that share the budget "
      "by CLS attention and by how unevenly their patches resemble each other; inside a part the "
      "most attended patches stay.";
  method.quirks = {
      "Emitted part by part and by attention, and a part smaller than its share leaves zero "
      "tokens: fidelity=code; fidelity=fixed gives them to other parts, in raster order.",
      "Where parts are not equally large the released division is not known: here as even as whole "
      "patches allow."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return patch_gram_macs(g, g.llama.hidden);
  };
  method.options = {{.name = "fidelity",
                     .help =
                         "code: ordered by part and attention, zero tokens where a part is "
                         "smaller than its share; fixed: raster order, such shares go to others",
                     .values = {"code", "fixed"}}};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<HoloV>(
        info, budget,
        options.at("fidelity") == "fixed" ? HolovDeficit::redistributed : HolovDeficit::missing);
  };
  return method;
}

}  // namespace litebench::prune::methods
