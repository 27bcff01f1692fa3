#include "model/prune/stages.hpp"

#include <algorithm>
#include <cmath>

namespace litebench::prune {

std::vector<std::int64_t> stage_layers(std::span<const std::int64_t> published,
                                       std::int64_t layers) {
  std::vector<std::int64_t> own(published.begin(), published.end());
  if (layers >= kPublishedLayers) return own;
  std::int64_t previous = 0;
  for (std::int64_t& layer : own) {
    const std::int64_t scaled = (2 * layer * layers + kPublishedLayers) / (2 * kPublishedLayers);
    previous = layer = std::max(previous + 1, scaled);
  }
  std::int64_t next = layers;
  for (auto layer = own.rbegin(); layer != own.rend(); ++layer) {
    next = *layer = std::max<std::int64_t>(std::min(*layer, next - 1), 0);
  }
  return own;
}

Schedule schedule_of(const Stages& stages, const model::Geometry& geometry) {
  Schedule schedule;
  std::int64_t tokens = geometry.vision.patches();
  for (std::int64_t layer = 0; layer < geometry.llama.layers; ++layer) {
    for (const Stage& stage : stages) {
      if (stage.layer == layer) tokens = std::min(tokens, stage.leaving());
    }
    schedule.entering.push_back(tokens);
  }
  return schedule;
}

std::int64_t after_single_cut(std::int64_t mean, std::int64_t layer,
                              const model::Geometry& geometry) {
  const std::int64_t layers = geometry.llama.layers;
  const auto rest = static_cast<double>(layers * mean - geometry.vision.patches() * layer);
  return std::llround(rest / static_cast<double>(layers - layer));
}

}  // namespace litebench::prune
