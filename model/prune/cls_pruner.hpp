#pragma once
// Selection by CLS attention in the layer that made the features: alone (cls_topk, its published
// equals and its control), or as one of several criteria.

#include <string>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/registry.hpp"

namespace litebench::prune {

/// A selection that asks for that attention.
class ClsTapPruner : public BeforeLlmPruner {
 public:
  using BeforeLlmPruner::BeforeLlmPruner;
  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override;

 protected:
  /// Of the class token, mean over heads, [patches].
  [[nodiscard]] static at::Tensor tapped_attention(const VisionView& vision);
};

/// The whole method where nothing else counts: they differ in name and end of the ranking.
Method cls_method(PrunerInfo info, const std::string& help, kernels::Best best);

}  // namespace litebench::prune
