#pragma once
// The tensors of one model in the run's dtype on the run's device, by checkpoint name.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/tensor_source.hpp"
#include "model/compute.hpp"
#include "model/geometry.hpp"
#include "model/weights/relay.hpp"

namespace litebench::model {

/// Immutable after construction. Tensors whose dtype and layout already fit are views of the mapped file (no copy),
/// so ranks of one node share them.
class Weights {
 public:
  Weights(std::map<std::string, at::Tensor> tensors, std::shared_ptr<const void> keep_alive);

  /// Throws std::out_of_range for a name that is not there: loading has already checked names and shapes against the
  /// geometry, so this is a programming error.
  [[nodiscard]] const at::Tensor& at(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const;
  [[nodiscard]] at::ScalarType dtype() const;
  [[nodiscard]] at::Device device() const;

 private:
  std::map<std::string, at::Tensor, std::less<>> tensors_;
  std::shared_ptr<const void> keep_alive_;
};

struct LoadOptions {
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
  bool check_finite = true;  ///< a NaN or infinite weight is Error{data} naming the tensor
  Compute compute = Compute::lean;  ///< upstream: also the weights of the reference's dead work
  /// Where one process reads for several; no use for random weights, which every process makes.
  WeightRelay* relay = nullptr;
  /// In place of opening the checkpoints, where the relay's reader is another process.
  std::shared_ptr<const TensorSource> glamm_table, clip_table;
};

/// GLaMM and CLIP as one model: geometry plus both weight sets.
struct LoadedModel {
  Geometry geometry;
  std::shared_ptr<const Weights> glamm;  ///< names as in upstream.md §1.4
  std::shared_ptr<const Weights> clip;   ///< names as in upstream.md §1.7
  Compute compute = Compute::lean;       ///< what the weights suffice for
};

/// `glamm`, `clip`: checkpoint folders, or "random:<geometry>" for deterministic weights made on the device.
/// Errors{data} list missing, unexpected and misshapen tensors by name.
LoadedModel load_model(std::string_view glamm, std::string_view clip, const LoadOptions& options);

}  // namespace litebench::model
