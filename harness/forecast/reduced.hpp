#pragma once
// A model of a run's widths with fewer layers and random weights: what a layer costs does not
// depend on its values, and one of GLaMM-7B is measured in seconds.

#include <cstdint>
#include <vector>

#include <c10/core/Device.h>

#include "model/geometry.hpp"
#include "model/weights/weights.hpp"

namespace litebench::forecast {

/// Operations of one call that a measurement can afford: a few seconds of one core.
inline constexpr double kAffordable = 1.5e11;

/// A depth of SAM's encoder.
struct SamDepth {
  std::int64_t windowed = 0, global = 0;
};

struct Reduced {
  model::Geometry geometry;         ///< CLIP as it is; LLM and SAM at most as deep as affordable
  std::vector<std::int64_t> llama;  ///< depths to measure: 1 and that of `geometry`, or 1 alone
  std::vector<SamDepth> sam;        ///< depths to measure
};

/// Whole towers where a call costs few operations, otherwise as few layers as tell what one costs.
Reduced reduce(const model::Geometry& geometry, double affordable = kAffordable);

/// `sam` with its first blocks windowed and the others global.
model::SamGeometry with_depth(model::SamGeometry sam, const SamDepth& depth);

model::LoadedModel random_model(const model::Geometry& geometry, at::ScalarType dtype,
                                at::Device device, model::Compute compute);

}  // namespace litebench::forecast
