#pragma once
// What the probe programs share: safetensors in, safetensors out, and an image as the methods see
// it. P patches, D the width of the tower:
//   selected        [1 + P, D]   features that are pruned; row 0 is CLS. Always needed: it tells P,
//                                which is a square.
//   cls_attention.E [heads, P]   soft-maxed attention of the CLS query in encoder layer E
//   q.E, k.E, v.E   [1 + P, D]   projections of layer E with bias, before scaling and head split
//   hidden.E        [1 + P, D]   E_E
//   joint           [P, J]       patches in CLIP's joint space
//   texts           [Q, J]       text embeddings, not normalised
//   projected       [P, d]       patches after the projector
// A method needs only those it reads. The tower has 24 layers and selects E_23, so that methods read
// layers 22 and 23. It has as many heads as cls_attention.22 (1 without it).

#include <cmath>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.hpp"
#include "model/checkpoint/safetensors_writer.hpp"
#include "model/prune/pruner.hpp"
#include "model/weights/mapped_tensor.hpp"

namespace litebench::probe {

[[noreturn]] inline void refuse(const std::string& problem, const std::string& reason) {
  throw Error(ExitCode::data, problem, reason, "see the head of the probe's source");
}

/// Float tensors by name.
class Inputs {
 public:
  explicit Inputs(const std::string& path) : source_(model::open_checkpoint(path)) {}

  /// Undefined when absent.
  [[nodiscard]] at::Tensor get(const std::string& name) const {
    const model::TensorInfo* info = source_->find(name);
    return info == nullptr ? at::Tensor() : model::tensor_of(*info, source_, at::kFloat, at::kCPU);
  }
  [[nodiscard]] at::Tensor need(const std::string& name) const {
    const at::Tensor tensor = get(name);
    if (!tensor.defined()) refuse("no tensor " + name, "the method reads it");
    return tensor;
  }
  [[nodiscard]] const model::TensorSource& source() const { return *source_; }

 private:
  std::shared_ptr<const model::TensorSource> source_;
};

inline model::Geometry vision_geometry(const Inputs& inputs) {
  const at::Tensor selected = inputs.need("selected");
  const std::int64_t patches = selected.size(0) - 1;
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(patches)));
  if (side * side != patches) refuse(fmt::format("{} patches", patches), "not a square");
  model::Geometry geometry;
  geometry.vision.image = side * geometry.vision.patch;
  geometry.vision.hidden = selected.size(1);
  const at::Tensor rows = inputs.get("cls_attention.22");
  geometry.vision.heads = rows.defined() ? rows.size(0) : 1;
  return geometry;
}

inline model::VisionFeatures features_of(const Inputs& inputs, const model::VisionTaps& taps) {
  model::VisionFeatures features;
  features.selected = inputs.need("selected");
  for (const model::ClipTap& tap : taps.layers) {
    const auto named = [&](const char* what) {
      return inputs.need(fmt::format("{}.{}", what, tap.layer));
    };
    model::ClipLayerTap& seen = features.layers[tap.layer];
    if (tap.cls_row) seen.cls_attention = named("cls_attention");
    if (tap.q) seen.q = named("q");
    if (tap.k) seen.k = named("k");
    if (tap.v) seen.v = named("v");
  }
  for (const std::int64_t layer : taps.hidden) {
    features.hidden[layer] = inputs.need(fmt::format("hidden.{}", layer));
  }
  if (taps.joint) features.joint = inputs.need("joint");
  return features;
}

/// Collects tensors and writes them as one file.
class Outputs {
 public:
  template <typename T>
  void add(const std::string& name, std::vector<std::int64_t> shape, std::span<const T> values) {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, std::int64_t>);
    constexpr auto dtype = std::is_same_v<T, float> ? model::DType::f32 : model::DType::i64;
    const auto bytes = std::as_bytes(values);
    tensors_[name] = {{name, dtype, std::move(shape)}, {bytes.begin(), bytes.end()}};
  }
  void add(const std::string& name, std::span<const std::int64_t> values) {
    add(name, {std::ssize(values)}, values);
  }
  void add(const std::string& name, const at::Tensor& x) {
    const at::Tensor dense = x.to(at::kFloat).contiguous();
    add(name, dense.sizes().vec(),
        std::span(dense.const_data_ptr<float>(), static_cast<std::size_t>(dense.numel())));
  }
  /// A plan as compressed sparse rows, see method_probe.cpp.
  void add(const std::string& prefix, const prune::TokenPlan& plan) {
    add(prefix + "row_ptr", plan.row_ptr());
    add(prefix + "col", plan.cols());
    add(prefix + "weight", {std::ssize(plan.weights())}, plan.weights());
    add(prefix + "anchor", {std::ssize(plan.anchors())}, plan.anchors());
    add(prefix + "origins", plan.origins());
  }
  void write(const std::string& path) const {
    std::vector<model::PlannedTensor> planned;
    for (const auto& [name, tensor] : tensors_) planned.push_back(tensor.plan);
    model::write_safetensors(path, planned,
                             [&](const model::PlannedTensor& tensor, const model::ByteSink& sink) {
                               sink(tensors_.at(tensor.name).bytes);
                             });
  }

 private:
  struct Held {
    model::PlannedTensor plan;
    std::vector<std::byte> bytes;
  };
  std::map<std::string, Held> tensors_;
};

}  // namespace litebench::probe
