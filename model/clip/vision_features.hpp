#pragma once
// What the CLIP vision tower gives: the features that are pruned, and whatever pruning methods asked to see.

#include <cstdint>
#include <map>
#include <vector>

#include <ATen/core/Tensor.h>

namespace litebench::model {

/// Things to capture in encoder layer `layer` (0-based; layer e maps E_e to E_{e+1}).
struct ClipTap {
  std::int64_t layer = 0;
  bool cls_row = false;            ///< soft-maxed attention of the CLS query
  bool q = false, k = false, v = false;   ///< projections with bias, before scaling and head split
};

struct VisionTaps {
  std::vector<ClipTap> layers;
  std::vector<std::int64_t> hidden;   ///< E_l wanted beside the selected layer
  bool joint = false;                 ///< u_i: patches in CLIP's joint space
};

struct ClipLayerTap {
  at::Tensor cls_attention;   ///< [heads, patches], soft-max over 1 + patches
  at::Tensor q, k, v;         ///< [1 + patches, hidden]
};

/// One image. Row 0 of [1 + patches, …] tensors is CLS.
struct VisionFeatures {
  at::Tensor selected;                                  ///< E_select, [1 + patches, hidden]
  std::map<std::int64_t, at::Tensor> hidden;            ///< [1 + patches, hidden]
  std::map<std::int64_t, ClipLayerTap> layers;
  at::Tensor joint;                                     ///< [patches, projection] = W_vis · LN_post(selected patches)
};

}  // namespace litebench::model
