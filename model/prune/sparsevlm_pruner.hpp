#pragma once
// SparseVLM in its two releases: cuts after layers 2, 6 and 15 by the attention of text tokens that
// resemble the image.

#include <cstdint>
#include <map>
#include <vector>

#include "model/prune/decoder_pruner.hpp"

namespace litebench::prune {

/// Its stages keep a published number of tokens where there is one for the budget, else equal ratios
/// whose mean over layers is the budget.
class SparseVlmPruner : public DecoderPruner {
 public:
  using Presets = std::map<std::int64_t, std::vector<std::int64_t>>;  ///< budget -> kept per stage

  SparseVlmPruner(PrunerInfo info, const Budget& budget, Presets presets)
      : DecoderPruner(std::move(info), budget), presets_(std::move(presets)) {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override;

 protected:
  [[nodiscard]] std::variant<Stages, Infeasible> stages(
      const model::Geometry& geometry) const override;
  /// Whether a stage makes new tokens of dropped ones.
  [[nodiscard]] virtual bool recycles() const = 0;

 private:
  Presets presets_;
};

}  // namespace litebench::prune
