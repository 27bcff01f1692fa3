#pragma once
// One pixel of a mask straight from SAM's low-resolution logits, and one device thread's share of a mask. The order of
// operations is MaskScorer's, so logits are equal to the last bit.

#include <cmath>
#include <cstdint>

#include "kernels/host_device.hpp"
#include "kernels/maskscore/maskscore.hpp"

namespace litebench::kernels {

/// A MaskFrame with PyTorch's scales: input size / output size in float.
struct MaskGrid {
  std::int32_t low_res, resized_h, resized_w, height, width;
  float to_low;              ///< from SAM's S × S grid
  float to_sam_y, to_sam_x;  ///< from the picture
};

inline float scale_of(std::int64_t in, std::int64_t out) {
  return static_cast<float>(in) / static_cast<float>(out);
}

inline MaskGrid grid_of(const MaskFrame& frame) {
  return {static_cast<std::int32_t>(frame.low_res),   static_cast<std::int32_t>(frame.resized_h),
          static_cast<std::int32_t>(frame.resized_w), static_cast<std::int32_t>(frame.height),
          static_cast<std::int32_t>(frame.width),     scale_of(frame.low_res, frame.sam_image),
          scale_of(frame.resized_h, frame.height),    scale_of(frame.resized_w, frame.width)};
}

/// Where an output element lies between two input elements: `lower` and its successor, if there is one.
struct Place {
  std::int32_t lower;
  float w0, w1;
};

/// PyTorch's source coordinate for align_corners=false, in its float arithmetic.
LB_HOST_DEVICE inline Place place_of(std::int32_t i, std::int32_t inputs, float scale) {
  float source = fmaf(scale, static_cast<float>(i) + 0.5F, -0.5F);
  if (source < 0.0F) source = 0.0F;
  auto lower = static_cast<std::int32_t>(source);
  if (lower > inputs - 1) lower = inputs - 1;
  float w1 = source - static_cast<float>(lower);
  w1 = w1 < 0.0F ? 0.0F : w1 > 1.0F ? 1.0F : w1;
  return {lower, 1.0F - w1, w1};
}

LB_HOST_DEVICE inline float mixed(float a, float b, const Place& place) {
  return fmaf(a, place.w0, b * place.w1);
}

/// The index after `lower`; the last has none and is its own.
LB_HOST_DEVICE inline std::int32_t after(std::int32_t lower, std::int32_t inputs) {
  return lower + 1 < inputs ? lower + 1 : lower;
}

/// Logit of SAM's S × S grid. `logits`: L × L.
LB_HOST_DEVICE inline float sam_logit(const float* logits, std::int32_t low_res, const Place& y,
                                      const Place& x) {
  const float* upper = logits + std::int64_t{y.lower} * low_res;
  const float* lower = logits + std::int64_t{after(y.lower, low_res)} * low_res;
  const std::int32_t right = after(x.lower, low_res);
  return mixed(mixed(upper[x.lower], upper[right], x), mixed(lower[x.lower], lower[right], x), y);
}

/// Logit of the picture's pixel (y, x).
LB_HOST_DEVICE inline float logit_at(const float* logits, const MaskGrid& grid, std::int32_t y,
                                     std::int32_t x) {
  const Place row = place_of(y, grid.resized_h, grid.to_sam_y),
              column = place_of(x, grid.resized_w, grid.to_sam_x);
  const auto low = [&](std::int32_t i) { return place_of(i, grid.low_res, grid.to_low); };
  const Place top = low(row.lower), bottom = low(after(row.lower, grid.resized_h)),
              left = low(column.lower), right = low(after(column.lower, grid.resized_w));
  const auto at = [&](const Place& sam_y, const Place& sam_x) {
    return sam_logit(logits, grid.low_res, sam_y, sam_x);
  };
  return mixed(mixed(at(top, left), at(top, right), column),
               mixed(at(bottom, left), at(bottom, right), column), row);
}

/// What is counted of one mask; Number: unsigned, 32 bits for a thread's share, 64 for the whole.
template <typename Number>
struct MaskCounts {
  Number predicted, hit, target, overlap, overlap_hit;
  Number
      infinite;  ///< low-resolution logits that are NaN or infinite; the rest is worth nothing then
};

/// Counts the pixels `first`, `first` + `step` … of a mask and draws them where `mask` is not null. `target`: height × width of
/// 0, 1 and more, or null for zeros.
LB_HOST_DEVICE inline MaskCounts<std::uint32_t> count_share(const MaskGrid& grid,
                                                            const float* logits,
                                                            const std::uint8_t* target,
                                                            std::uint8_t* mask, std::int32_t first,
                                                            std::int32_t step) {
  MaskCounts<std::uint32_t> counts{};
  for (std::int32_t i = first; i < grid.low_res * grid.low_res; i += step) {
    counts.infinite += logits[i] - logits[i] != 0.0F ? 1U : 0U;
  }
  for (std::int32_t i = first; i < grid.height * grid.width; i += step) {
    const bool predicted = logit_at(logits, grid, i / grid.width, i % grid.width) > 0.0F;
    const std::uint8_t wanted = target == nullptr ? 0 : target[i];
    counts.predicted += predicted ? 1U : 0U;
    counts.target += wanted == 1 ? 1U : 0U;
    counts.overlap += wanted > 1 ? 1U : 0U;
    counts.hit += predicted && wanted == 1 ? 1U : 0U;
    counts.overlap_hit += predicted && wanted > 1 ? 1U : 0U;
    if (mask != nullptr) mask[i] = predicted ? 1 : 0;
  }
  return counts;
}

template <typename Number>
MaskScore score_of(const MaskCounts<Number>& counts) {
  const auto number = [](Number n) { return static_cast<std::int64_t>(n); };
  return {number(counts.hit),
          number(counts.predicted) + number(counts.target) - number(counts.hit),
          number(counts.predicted),
          number(counts.target),
          number(counts.overlap),
          number(counts.overlap_hit)};
}

}  // namespace litebench::kernels
