#pragma once
// The toy oracle of pruners.md §8.8: 12 patches of dimension 4, whose expected selections were
// computed from the formulas in plain Python, apart from this program. Also scores of any size made
// up from a generator.

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// A geometry with side × side patches and CLIP dimension d; 24 encoder layers.
inline model::Geometry geometry_of(std::int64_t side, std::int64_t d) {
  model::Geometry geometry;
  geometry.vision.patch = 14;
  geometry.vision.image = 14 * side;
  geometry.vision.hidden = geometry.vision.projection = d;
  return geometry;
}

/// [rows, cols] filled by a function of row and column.
template <typename F>
at::Tensor filled(std::int64_t rows, std::int64_t cols, F value) {
  at::Tensor x = at::empty({rows, cols}, at::kFloat);
  float* data = x.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < cols; ++j) data[i * cols + j] = static_cast<float>(value(i, j));
  }
  return x;
}

/// Features with CLS as row 0 of everything; scores of all methods can be made from them.
struct Scene {
  model::Geometry geometry;
  model::VisionFeatures features;
  QueryView queries;
  SampleKey key;
  at::Tensor projected;

  [[nodiscard]] VisionView view(ScoreOptions scores = {}) const {
    return VisionView{.features = features,
                      .geometry = geometry,
                      .scores = scores,
                      .key = key,
                      .projected = projected};
  }
};

inline Scene random_scene(std::int64_t side, std::int64_t texts, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  const std::int64_t n = side * side, d = 16;
  const auto draw = [&](std::int64_t, std::int64_t) { return normal(generator); };
  Scene scene;
  scene.geometry = geometry_of(side, d);
  scene.features.selected = filled(1 + n, d, draw);
  scene.features.joint = filled(n, d, draw);
  scene.queries.embeds = filled(texts, d, draw);
  model::ClipLayerTap last;
  last.q = filled(1 + n, d, draw);
  last.k = filled(1 + n, d, draw);
  last.v = filled(1 + n, d, draw);
  scene.features.layers[23] = last;
  scene.features.layers[22].cls_attention =
      filled(4, n, [&](auto, auto) { return std::abs(normal(generator)); });
  scene.features.layers[22].k = filled(1 + n, d, draw);
  scene.projected = filled(n, 2 * d, draw);
  for (std::int64_t l = 16; l <= 24; ++l) scene.features.hidden[l] = filled(1 + n, d, draw);
  return scene;
}

/// Patches (not rows) of a plan over CLS + patches, emitted order.
inline std::vector<std::int64_t> patches_of(const TokenPlan& plan) {
  std::vector<std::int64_t> patches;
  for (const std::int64_t origin : plan.origins()) patches.push_back(origin - 1);
  return patches;
}

}  // namespace litebench::prune
