#pragma once
// CLIP's text tower (upstream.md §4.4).

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/clip/encoder_layer.hpp"
#include "model/compute.hpp"
#include "model/geometry.hpp"
#include "model/modules.hpp"

namespace litebench::model {

class ClipText {
 public:
  ClipText(const Weights& clip, const ClipTextGeometry& geometry);

  /// One text's embedding [projection], projected but not normalised. ids: with start and end token, padded or not:
  /// the row at the first position of the largest id is pooled, and under the causal mask nothing behind it counts.
  /// Throws std::invalid_argument for no ids, more than the tower has positions, or an id outside the vocabulary.
  [[nodiscard]] at::Tensor embed(std::span<const std::int64_t> ids) const;

  /// [texts, projection]; every text runs alone, so its embedding cannot depend on its neighbours. `upstream`: each is
  /// padded to the longest, and the padding goes through the tower.
  [[nodiscard]] at::Tensor embed_all(const std::vector<std::vector<std::int64_t>>& texts,
                                     Compute compute = Compute::lean) const;

 private:
  /// All of `ids`, of which row `pooled` counts.
  [[nodiscard]] at::Tensor forward(std::span<const std::int64_t> ids, std::int64_t pooled) const;
  void check(std::span<const std::int64_t> ids) const;

  ClipTextGeometry geometry_;
  at::Tensor token_embedding_;  // [vocab, hidden]
  at::Tensor positions_;        // [positions, hidden]
  LayerNorm final_norm_;
  Linear projection_;
  std::vector<ClipEncoderLayer> layers_;
};

}  // namespace litebench::model
