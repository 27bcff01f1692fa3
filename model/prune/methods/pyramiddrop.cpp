// PyramidDrop (arXiv 2410.17247): stages that each keep the same share, by the attention that the
// layer behind the cut would compute for the last row.
#include "model/prune/attention_pruner.hpp"
#include "model/prune/cost.hpp"
#include "model/prune/geometric.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {
namespace {

using Layers = std::vector<std::int64_t>;

class PyramidDrop final : public AttentionPruner {
 public:
  PyramidDrop(PrunerInfo info, const Budget& budget, Layers layers, QueryRows rows)
      : AttentionPruner(std::move(info), budget, RankingLayer::behind, rows),
        layers_(std::move(layers)) {}

 protected:
  [[nodiscard]] std::variant<Stages, Infeasible> stages(
      const model::Geometry& geometry) const override {
    if (budget().tokens > 0) return geometric_stages(budget(), layers_, geometry);
    std::vector<std::int64_t> kept;
    for (std::size_t i = 1; i <= layers_.size(); ++i) {
      kept.push_back(geometry.vision.patches() >> i);
    }
    return stages_at(layers_, kept, geometry);
  }

 private:
  Layers layers_;
};

/// The released stages halve; smaller means over layers need earlier ones.
Layers layers_for(const Budget& budget, const Options& options) {
  if (options.at("layers") != "native") return layers_of(options, "layers");
  return budget.tokens > 0 ? Layers{2, 8, 16} : Layers{8, 16, 24};
}

}  // namespace

Method pyramiddrop() {
  Method method;
  method.info = {.id = "pyramiddrop",
                 .title = "PyramidDrop",
                 .paper = "arXiv 2410.17247",
                 .fidelity = "code@6444f304aee4; with N, stages and ratios of litebench",
                 .text_dependent = true};
  method.help =
      "stages of equal ratio by the attention of the last row; N is the mean over layers; "
      "without N half, a quarter and an eighth from layers 8, 16 and 24 on, as released";
  method.about =
      "Cuts in stages; each keeps the visual tokens that the query rows attend to most in the "
      "layer behind the cut, mean over heads. Positions are counted anew after every stage.";
  method.quirks = {
      "The released stages (layers 8, 16, 24; half, a quarter, an eighth) cannot reach small "
      "means: "
      "with N, equal ratios before layers 2, 8 and 16.",
      "The attention is of a layer that has not run: its keys are computed for all rows that enter "
      "the cut."};
  method.macs = [](const model::Geometry& g, std::int64_t tokens) {
    const std::int64_t layers[] = {2, 8, 16};
    const auto planned = geometric_stages({.tokens = tokens}, layers, g);
    double macs = 0;
    std::int64_t entering = g.vision.patches();
    for (const Stage& stage :
         std::holds_alternative<Stages>(planned) ? std::get<Stages>(planned) : Stages{}) {
      macs += row_probe_macs(g, g.llama.hidden + 1, entering + kNominalPrompt);
      entering = stage.leaving();
    }
    return macs;
  };
  method.own_setting = true;
  method.options = {
      {.name = "layers",
       .help = "whose inputs are cut, 1 to 31 of 32; native: 2-8-16 with N, 8-16-24 without",
       .values = {"native", "8-16-24", "4-12-20"},
       .kind = OptionKind::layers,
       .min = 1,
       .max = kPublishedLayers - 1},
      query_rows_option()};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<PyramidDrop>(info, budget, layers_for(budget, options),
                                         query_rows_of(options));
  };
  return method;
}

}  // namespace litebench::prune::methods
