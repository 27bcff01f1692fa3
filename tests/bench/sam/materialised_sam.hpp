#pragma once
// SAM's image encoder as the reference executes it, operation by operation: windows padded before the projections, every
// score laid out in memory, two additions of relative positions on it (upstream.md §6.1). The bench's rival and oracle.

#include <string>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"
#include "model/weights/weights.hpp"

namespace litebench::bench {

class MaterialisedSam {
 public:
  MaterialisedSam(const model::Weights& glamm, const model::SamGeometry& geometry)
      : weights_(glamm), geometry_(geometry) {}

  /// pixels [3, S, S] -> [out, grid, grid].
  [[nodiscard]] at::Tensor forward(const at::Tensor& pixels) const;

 private:
  [[nodiscard]] const at::Tensor& weight(const std::string& name) const;
  [[nodiscard]] at::Tensor linear(const std::string& name, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor norm(const std::string& name, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor norm_2d(const std::string& name, const at::Tensor& x) const;
  /// x [batch, n, n, dim] -> the same shape.
  [[nodiscard]] at::Tensor attention(const std::string& block, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor windowed_attention(const std::string& block, const at::Tensor& x) const;

  const model::Weights& weights_;
  model::SamGeometry geometry_;
};

}  // namespace litebench::bench
