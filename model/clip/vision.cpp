#include "model/clip/vision.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>

namespace litebench::model {

ClipVision::ClipVision(const Weights& clip, const ClipVisionGeometry& geometry)
    : geometry_(geometry),
      patch_weight_(clip.at("vision_model.embeddings.patch_embedding.weight").flatten(1)),
      // The misspelt name is the checkpoint's.
      pre_norm_(clip, "vision_model.pre_layrnorm", geometry.eps),
      post_norm_(clip, "vision_model.post_layernorm", geometry.eps),
      projection_(clip, "visual_projection") {
  const auto& positions = clip.at("vision_model.embeddings.position_embedding.weight");
  class_position_ =
      (clip.at("vision_model.embeddings.class_embedding") + positions[0]).unsqueeze(0);
  patch_positions_ = positions.slice(0, 1);
  for (std::int64_t e = 0; e < geometry.layers; ++e) {
    layers_.emplace_back(clip, fmt::format("vision_model.encoder.layers.{}", e), geometry.heads,
                         geometry.eps);
  }
}

std::int64_t ClipVision::select_index() const {
  // hidden_states has layers + 1 entries, of which the first is the embedding.
  const auto select = geometry_.select_layer;
  return select >= 0 ? select : geometry_.layers + 1 + select;
}

void ClipVision::check(const VisionTaps& taps) const {
  for (const auto& tap : taps.layers) {
    if (tap.layer < 0 || tap.layer >= geometry_.layers) {
      throw std::out_of_range(fmt::format("CLIP has no layer {}", tap.layer));
    }
  }
  for (const auto l : taps.hidden) {
    if (l < 0 || l > geometry_.layers) {
      throw std::out_of_range(fmt::format("CLIP has no hidden state {}", l));
    }
  }
}

at::Tensor ClipVision::embed(const at::Tensor& pixels) const {
  const auto patches =
      at::addmm(patch_positions_, patch_rows(pixels, geometry_.patch), patch_weight_.t());
  return pre_norm_(at::cat({class_position_, patches}));
}

at::Tensor ClipVision::cls_attention(const ClipProjections& projections) const {
  const auto heads = geometry_.heads, width = geometry_.hidden / heads;
  const auto q = projections.q[0].view({heads, 1, width});
  const auto k = projections.k.view({-1, heads, width}).permute({1, 2, 0});
  const auto scores = at::matmul(q, k).squeeze(1) / std::sqrt(static_cast<double>(width));
  return at::softmax(scores, -1, at::kFloat).slice(1, 1);
}

void ClipVision::capture(const ClipTap& tap, const ClipProjections& projections,
                         ClipLayerTap& seen) const {
  if (tap.cls_row) {
    seen.cls_attention = cls_attention(projections);
  }
  if (tap.q) {
    seen.q = projections.q;
  }
  if (tap.k) {
    seen.k = projections.k;
  }
  if (tap.v) {
    seen.v = projections.v;
  }
}

void ClipVision::pool(const at::Tensor& last, const VisionTaps& taps) const {
  const auto pooled = post_norm_(last.slice(0, 0, 1));
  if (taps.joint) (void)projection_(pooled);
}

VisionFeatures ClipVision::forward(const at::Tensor& pixels, const VisionTaps& taps,
                                   Compute compute) const {
  check(taps);
  const auto select = select_index();
  // The last hidden state that must be computed, and the last layer whose projections are looked at.
  auto last_hidden = select, last_tap = std::int64_t{-1};
  for (const auto l : taps.hidden) {
    last_hidden = std::max(last_hidden, l);
  }
  for (const auto& tap : taps.layers) {
    last_hidden = std::max(last_hidden, tap.layer);
    last_tap = std::max(last_tap, tap.layer);
  }

  if (compute == Compute::upstream) last_hidden = geometry_.layers;

  VisionFeatures features;
  std::vector<at::Tensor> kept;  // upstream: every state
  auto hidden_states = embed(pixels);
  for (std::int64_t e = 0; e <= last_hidden; ++e) {
    if (e == select) {
      features.selected = hidden_states;
    }
    if (std::find(taps.hidden.begin(), taps.hidden.end(), e) != taps.hidden.end()) {
      features.hidden[e] = hidden_states;
    }
    if (compute == Compute::upstream) kept.push_back(hidden_states);
    if (e == last_hidden && e > last_tap) {
      break;
    }
    const auto projections = layers_[e].project(hidden_states);
    for (const auto& tap : taps.layers) {
      if (tap.layer == e) {
        capture(tap, projections, features.layers[e]);
      }
    }
    if (e < last_hidden) {
      hidden_states = layers_[e].forward(hidden_states, projections, ClipEncoderLayer::Mask::none);
    }
  }
  if (compute == Compute::upstream) pool(hidden_states, taps);
  if (taps.joint) {
    features.joint = projection_(post_norm_(features.selected.slice(0, 1)));
  }
  return features;
}

}  // namespace litebench::model
