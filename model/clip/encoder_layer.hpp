#pragma once
// One layer of a CLIP encoder; the vision and the text tower share it (upstream.md §4.1).

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/modules.hpp"

namespace litebench::model {

/// Attention projections of one layer, before scaling and head split. [n, hidden] each.
struct ClipProjections {
  at::Tensor q, k, v;
};

class ClipEncoderLayer {
 public:
  enum class Mask { none, causal };

  ClipEncoderLayer(const Weights& weights, const std::string& prefix, std::int64_t heads,
                   double eps);

  /// q, k, v of hidden_states [n, hidden] after the layer's first norm.
  [[nodiscard]] ClipProjections project(const at::Tensor& hidden_states) const;

  /// hidden_states [n, hidden] after this layer, given its own projections.
  [[nodiscard]] at::Tensor forward(const at::Tensor& hidden_states,
                                   const ClipProjections& projections, Mask mask) const;

 private:
  std::int64_t heads_;
  LayerNorm norm1_, norm2_;
  Linear q_, k_, v_, out_, fc1_, fc2_;
};

}  // namespace litebench::model
