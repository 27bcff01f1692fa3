// VTW (arXiv 2405.05803): no visual token at all from layer K on. How deep is vision needed?
#include <cmath>

#include <fmt/core.h>

#include "model/prune/decoder_pruner.hpp"
#include "model/prune/methods.hpp"

namespace litebench::prune::methods {
namespace {

constexpr std::int64_t kLayer = 15;  // as released, for 32 layers

class Vtw final : public DecoderPruner {
 public:
  using DecoderPruner::DecoderPruner;

 protected:
  [[nodiscard]] std::variant<Stages, Infeasible> stages(
      const model::Geometry& geometry) const override {
    if (budget().tokens == 0) {
      return single_cut({.tokens = 0, .mode = unit::BudgetMode::after_prune}, kLayer, geometry);
    }
    if (budget().mode == unit::BudgetMode::after_prune) {
      return Infeasible{
          fmt::format("no visual token remains after the cut, {} are asked for", budget().tokens)};
    }
    const auto share = static_cast<double>(budget().tokens * geometry.llama.layers);
    const auto layer = std::llround(share / static_cast<double>(geometry.vision.patches()));
    if (layer < 1) {
      return Infeasible{fmt::format("one of {} layers with all {} patches has a larger mean",
                                    geometry.llama.layers, geometry.vision.patches())};
    }
    return layer < geometry.llama.layers ? Stages{{layer, 0}} : Stages{};
  }
  [[nodiscard]] TokenPlan cut(const LayerView& view, const Stage&, RunState*) const override {
    return TokenPlan::drop_all(view.ledger().visual_count());
  }
};

}  // namespace

Method vtw() {
  Method method;
  method.info = {.id = "vtw",
                 .title = "VTW",
                 .paper = "arXiv 2405.05803",
                 .fidelity = "code@a3d8cfc3c3f8",
                 .native_position = unit::PositionPolicy::original};
  method.help =
      "all patches in the first layers and none after; N is their mean over layers, "
      "which sets the layer; without N layer 15 of 32, as released";
  method.about =
      "Lets all patches into the language model and drops every one of them before layer K. It "
      "scores nothing: a control for how deep vision is needed.";
  method.quirks = {
      "N is a mean over layers and sets K, in steps of the patches over the layers: at 192 of 576 "
      "and 32 layers K = 11, a mean of 198.",
      "The released search for K by the divergence of outputs on a few samples is left out; K = 15 "
      "without N."};
  method.own_setting = true;
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<Vtw>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
