#include "model/prune/cost.hpp"

#include <algorithm>

#include "model/llama/accounting.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune {
namespace {

double d(std::int64_t x) { return static_cast<double>(x); }

/// One layer of the vision tower that runs only for a method.
double encoder_layer_macs(const model::ClipVisionGeometry& vision) {
  return (model::clip_vision_flops(vision, 1) - model::clip_vision_flops(vision, 0)) / 2;
}

double clip_tap_macs(const model::ClipTap& tap, const model::ClipVisionGeometry& vision) {
  const double rows = d(vision.patches() + 1), width = d(vision.hidden);
  double macs = 0;
  // Up to the layer that made the features the projections are there anyway.
  if (tap.layer > producing_layer(vision)) {
    macs += (d(tap.q) + d(tap.k) + d(tap.v)) * rows * width * width;
  }
  if (tap.cls_row) macs += rows * width;
  return macs;
}

}  // namespace

double tap_macs(const TapRequest& taps, const model::Geometry& geometry, std::int64_t tokens) {
  const model::ClipVisionGeometry& vision = geometry.vision;
  double macs = 0;
  for (const model::ClipTap& tap : taps.vision.layers) macs += clip_tap_macs(tap, vision);
  // E_l is the input of layer l: the features are there anyway, later ones are not.
  std::int64_t last = following_layer(vision);
  for (const std::int64_t hidden : taps.vision.hidden) last = std::max(last, hidden);
  macs += d(last - following_layer(vision)) * encoder_layer_macs(vision);
  if (taps.vision.joint) macs += d(vision.patches()) * d(vision.hidden) * d(vision.projection);
  if (taps.text != TextTap::none) {
    macs += model::clip_text_flops(geometry.text, 1, kNominalText) / 2;
  }
  if (taps.projected) {
    macs +=
        model::projector_flops(geometry, std::max<std::int64_t>(0, vision.patches() - tokens)) / 2;
  }
  return macs;
}

double patch_gram_macs(const model::Geometry& geometry, std::int64_t width) {
  return d(geometry.vision.patches()) * d(geometry.vision.patches()) * d(width);
}

double similarity_macs(const model::Geometry& geometry) {
  return d(geometry.vision.patches()) * d(geometry.vision.projection);
}

double row_probe_macs(const model::Geometry& geometry, std::int64_t rows, std::int64_t keys) {
  return d(rows) * d(keys) * d(geometry.llama.hidden);
}

}  // namespace litebench::prune
