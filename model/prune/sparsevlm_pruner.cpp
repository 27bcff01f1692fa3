#include "model/prune/sparsevlm_pruner.hpp"

#include "model/prune/geometric.hpp"
#include "model/prune/raters.hpp"

namespace litebench::prune {
namespace {

// Cut before these is "after layer 2, 6, 15" counted from 0.
const std::vector<std::int64_t> kCutBefore = {3, 7, 16};
constexpr std::int64_t kPublishedPatches = 576;  // that the presets were made for

}  // namespace

TapRequest SparseVlmPruner::taps(const model::Geometry&) const {
  TapRequest request;
  request.decoder_tail = true;  // every text row may be a rater
  return request;
}

std::variant<Stages, Infeasible> SparseVlmPruner::stages(const model::Geometry& geometry) const {
  const Merged merged = recycles() ? Merged(recycled_clusters) : Merged();
  const auto preset = presets_.find(budget().tokens);
  if (budget().mode == unit::BudgetMode::exact && preset != presets_.end() &&
      geometry.vision.patches() == kPublishedPatches) {
    return stages_at(kCutBefore, preset->second, geometry, merged);
  }
  return geometric_stages(budget(), kCutBefore, geometry, merged);
}

}  // namespace litebench::prune
