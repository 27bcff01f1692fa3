// FastV (arXiv 2403.06764): after K layers, the visual tokens that the last row attended to most in
// layer K − 1.
#include "model/prune/attention_pruner.hpp"
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {
namespace {

class FastV final : public AttentionPruner {
 public:
  FastV(PrunerInfo info, const Budget& budget, std::int64_t layer, QueryRows rows)
      : AttentionPruner(std::move(info), budget, RankingLayer::before, rows), layer_(layer) {}

 protected:
  [[nodiscard]] std::variant<Stages, Infeasible> stages(
      const model::Geometry& geometry) const override {
    return single_cut(budget(), layer_, geometry);
  }

 private:
  std::int64_t layer_;
};

}  // namespace

Method fastv() {
  Method method;
  method.info = {.id = "fastv",
                 .title = "FastV",
                 .paper = "arXiv 2403.06764",
                 .fidelity = "code@d1659729b5bf",
                 .text_dependent = true,
                 .native_position = unit::PositionPolicy::original};
  method.help = "one cut inside the language model, by the attention of the last row";
  method.about =
      "Lets all patches into the language model and cuts once, before layer k: of the visual "
      "tokens the N stay that the query rows attended to most in the layer before, mean over "
      "heads.";
  method.quirks = {
      "N tokens remain after the cut, so that their mean over layers is larger (216 at 192); "
      "mode=layermean counts as other papers do.",
      "The last row of a teacher-forced prompt is the end of the last answer; see query_rows.",
      "Late tokens win because rotary positions favour near ones: kept, it is the method."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return row_probe_macs(g, 1, g.vision.patches() + kNominalPrompt);
  };
  method.options = {{.name = "k",
                     .help = "layer whose input is cut, 1 to 31 of 32",
                     .values = {"2", "3"},
                     .kind = OptionKind::integer,
                     .min = 1,
                     .max = kPublishedLayers - 1},
                    query_rows_option()};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<FastV>(info, budget, integer_of(options, "k"), query_rows_of(options));
  };
  return method;
}

}  // namespace litebench::prune::methods
