#include "harness/evaluate/scoring.hpp"

namespace litebench::evaluate {

kernels::MaskFrame frame_of(const refer::Image& image, const model::SamPixels& pixels,
                            const model::SamGeometry& sam) {
  kernels::MaskFrame frame;
  frame.low_res = sam.low_res();
  frame.sam_image = sam.image;
  frame.resized_h = pixels.resized.height;
  frame.resized_w = pixels.resized.width;
  frame.height = image.height;
  frame.width = image.width;
  return frame;
}

ScoredMask score_logits(kernels::MaskScorer& scorer, const at::Tensor& logits,
                        const Target& target) {
  const at::Tensor host = logits.to(at::kCPU, at::kFloat).contiguous();
  const float* values = host.const_data_ptr<float>();
  ScoredMask scored;
  scored.finite = kernels::all_finite(values, host.numel());
  if (!scored.finite) return scored;
  const kernels::MaskFrame& frame = scorer.frame();
  scored.mask.resize(static_cast<std::size_t>(frame.height * frame.width));
  scored.score = scorer.score(values, target.mask.data(), scored.mask.data());
  return scored;
}

}  // namespace litebench::evaluate
