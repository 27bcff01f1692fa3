#include "harness/forecast/reduced.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "model/checkpoint/expected.hpp"
#include "model/llama/accounting.hpp"
#include "model/weights/random.hpp"

namespace litebench::forecast {
namespace {

std::shared_ptr<const model::Weights> random_weights(const std::vector<model::TensorSpec>& specs,
                                                     at::ScalarType dtype, at::Device device) {
  std::map<std::string, at::Tensor> tensors;
  for (const model::TensorSpec& spec : specs) {
    if (spec.need != model::Need::unused)
      tensors.emplace(spec.name, model::random_tensor(spec, "forecast", dtype, device));
  }
  return std::make_shared<const model::Weights>(std::move(tensors), nullptr);
}

}  // namespace

model::SamGeometry with_depth(model::SamGeometry sam, const SamDepth& depth) {
  sam.depth = depth.windowed + depth.global;
  sam.global_blocks.clear();
  for (std::int64_t block = depth.windowed; block < sam.depth; ++block)
    sam.global_blocks.push_back(block);
  return sam;
}

Reduced reduce(const model::Geometry& geometry, double affordable) {
  Reduced reduced{geometry, {1}, {}};
  const std::int64_t rows = geometry.vision.patches() + 128;
  const auto layers =
      static_cast<std::int64_t>(affordable / (model::llm_flops(geometry.llama, rows).total() /
                                              static_cast<double>(geometry.llama.layers)));
  reduced.geometry.llama.layers =
      std::min(geometry.llama.layers, std::max<std::int64_t>(2, layers));
  if (reduced.geometry.llama.layers > 1) reduced.llama.push_back(reduced.geometry.llama.layers);
  const auto global = static_cast<std::int64_t>(geometry.sam.global_blocks.size());
  const std::int64_t windowed = geometry.sam.depth - global;
  if (model::sam_encoder_flops(geometry.sam) <= affordable || global < 1 || windowed < 2) {
    reduced.sam = {{windowed, global}};
  } else {
    reduced.sam = {{1, 0}, {2, 0}, {2, 1}};
  }
  // All blocks in one checkpoint, windowed ones first: shallower towers take its beginning.
  reduced.geometry.sam = with_depth(geometry.sam, reduced.sam.back());
  return reduced;
}

model::LoadedModel random_model(const model::Geometry& geometry, at::ScalarType dtype,
                                at::Device device, model::Compute compute) {
  return {geometry, random_weights(model::expected_glamm(geometry, compute), dtype, device),
          random_weights(model::expected_clip(geometry), dtype, device), compute};
}

}  // namespace litebench::forecast
