#pragma once
// What all methods share that let every patch into the language model and cut inside it.

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "model/prune/pruner.hpp"
#include "model/prune/stages.hpp"

namespace litebench::prune {

class DecoderPruner : public Pruner {
 public:
  DecoderPruner(PrunerInfo info, const Budget& budget) : info_(std::move(info)), budget_(budget) {}

  [[nodiscard]] const PrunerInfo& info() const noexcept override { return info_; }
  /// Infeasible above the number of patches, and where stages() says so.
  [[nodiscard]] std::variant<Schedule, Infeasible> schedule(
      const model::Geometry& geometry) const override;
  [[nodiscard]] std::vector<std::int64_t> cut_layers(
      const model::Geometry& geometry) const override;
  /// No change where a stage would keep all.
  [[nodiscard]] std::optional<TokenPlan> before_layer(const LayerView& view,
                                                      RunState* state) const override;

 protected:
  [[nodiscard]] const Budget& budget() const { return budget_; }
  /// Cuts that this budget means in a model of that geometry, ascending.
  [[nodiscard]] virtual std::variant<Stages, Infeasible> stages(
      const model::Geometry& geometry) const = 0;
  /// stage.leaving() rows over the live visual rows, of which there are more.
  [[nodiscard]] virtual TokenPlan cut(const LayerView& view, const Stage& stage,
                                      RunState* state) const = 0;

 private:
  [[nodiscard]] Stages planned(const model::Geometry& geometry) const;

  PrunerInfo info_;
  Budget budget_;
};

/// The single cut before published layer `layer` after which the budget's tokens stay, or enter a
/// layer on average.
std::variant<Stages, Infeasible> single_cut(const Budget& budget, std::int64_t layer,
                                            const model::Geometry& geometry);

}  // namespace litebench::prune
