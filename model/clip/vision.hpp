#pragma once
// CLIP's vision tower up to the features that GLaMM takes (upstream.md §4.1-4.4).

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/clip/encoder_layer.hpp"
#include "model/clip/vision_features.hpp"
#include "model/compute.hpp"
#include "model/geometry.hpp"
#include "model/modules.hpp"

namespace litebench::model {

class ClipVision {
 public:
  ClipVision(const Weights& clip, const ClipVisionGeometry& geometry);

  /// pixels: [3, image, image] in the weights' dtype, normalised. Runs no layer that neither the selected features nor a
  /// tap needs; a tap behind the last of them costs that layer's first norm and its projections only.
  /// Throws std::out_of_range for a tap on a layer the tower lacks.
  /// `upstream`: all layers run, all their states stay until the end, and CLS is normed and, with taps.joint, projected.
  [[nodiscard]] VisionFeatures forward(const at::Tensor& pixels, const VisionTaps& taps,
                                       Compute compute = Compute::lean) const;

 private:
  [[nodiscard]] at::Tensor embed(const at::Tensor& pixels) const;
  void capture(const ClipTap& tap, const ClipProjections& projections, ClipLayerTap& seen) const;
  /// What the reference makes of the last state and drops.
  void pool(const at::Tensor& last, const VisionTaps& taps) const;
  [[nodiscard]] at::Tensor cls_attention(const ClipProjections& projections) const;
  void check(const VisionTaps& taps) const;
  [[nodiscard]] std::int64_t select_index() const;

  ClipVisionGeometry geometry_;
  at::Tensor patch_weight_;     // [hidden, 3 · patch · patch]
  at::Tensor class_position_;   // [1, hidden]: class embedding + its position
  at::Tensor patch_positions_;  // [patches, hidden]
  LayerNorm pre_norm_, post_norm_;
  Linear projection_;
  std::vector<ClipEncoderLayer> layers_;
};

}  // namespace litebench::model
