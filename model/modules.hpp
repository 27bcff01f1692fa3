#pragma once
// The parts that the CLIP and SAM towers are made of. All hold references to shared weights, never copies.

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/weights/weights.hpp"

namespace litebench::model {

/// y = x Wᵀ + b over the last dimension; b may be absent.
struct Linear {
  Linear(const Weights& weights, const std::string& prefix);
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
  /// residual [n, out] += scale · x Wᵀ + b, accumulated by the matrix product itself. x: [n, in].
  void add_to(at::Tensor& residual, const at::Tensor& x, double scale = 1.0) const;

  at::Tensor weight;  ///< [out, in]
  at::Tensor bias;    ///< [out] or undefined
};

/// Normalisation over the last dimension. SAM's LayerNorm2d is this on channel-last data.
struct LayerNorm {
  LayerNorm(const Weights& weights, const std::string& prefix, double eps);
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;

  at::Tensor weight, bias;  ///< [width]
  double eps;
};

/// Non-overlapping patches of pixels [3, H, W] as rows [H/patch · W/patch, 3 · patch · patch], raster order, so that a
/// convolution with stride = kernel size is one matrix product with its flattened weight.
at::Tensor patch_rows(const at::Tensor& pixels, std::int64_t patch);

/// [n, heads · d] as [1, heads, n, d], a view. Four dimensions: the CPU's fast attention takes no others.
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads);

/// Inverse of split_heads.
at::Tensor merge_heads(const at::Tensor& x);

}  // namespace litebench::model
