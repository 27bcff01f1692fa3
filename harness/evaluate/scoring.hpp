#pragma once
// Mask logits to rows: the last stage of both passes.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "harness/evaluate/bundle_rows.hpp"
#include "kernels/maskscore/maskscore.hpp"
#include "model/geometry.hpp"

namespace litebench::evaluate {

kernels::MaskFrame frame_of(const refer::Image& image, const model::SamPixels& pixels,
                            const model::SamGeometry& sam);

/// One expression's mask: resized, thresholded, counted against the target.
struct ScoredMask {
  bool finite = true;  ///< false: the logits hold NaN or infinity, nothing else is set
  kernels::MaskScore score;
  std::vector<std::uint8_t> mask;  ///< height × width
};
ScoredMask score_logits(kernels::MaskScorer& scorer, const at::Tensor& logits,
                        const Target& target);

}  // namespace litebench::evaluate
