#pragma once
// Cuts inside the language model that keep what chosen rows attend to most.

#include "model/prune/decoder_pruner.hpp"
#include "model/prune/query_rows.hpp"

namespace litebench::prune {

/// Whose attention ranks: of the layer before the cut, or of the one behind it, which is computed
/// for the purpose.
enum class RankingLayer : std::uint8_t { before, behind };

class AttentionPruner : public DecoderPruner {
 public:
  AttentionPruner(PrunerInfo info, const Budget& budget, RankingLayer layer, QueryRows rows)
      : DecoderPruner(std::move(info), budget), layer_(layer), rows_(rows) {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override;

 protected:
  [[nodiscard]] TokenPlan cut(const LayerView& view, const Stage& stage,
                              RunState* state) const override;

 private:
  RankingLayer layer_;
  QueryRows rows_;
};

}  // namespace litebench::prune
