#include "model/modules.hpp"

#include <ATen/ops/addmm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>

namespace litebench::model {

Linear::Linear(const Weights& weights, const std::string& prefix)
    : weight(weights.at(prefix + ".weight")) {
  if (weights.contains(prefix + ".bias")) {
    bias = weights.at(prefix + ".bias");
  }
}

at::Tensor Linear::operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }

void Linear::add_to(at::Tensor& residual, const at::Tensor& x, double scale) const {
  if (bias.defined() && residual.scalar_type() != at::kFloat) {
    // Adding the product and then the bias would round at the residual's size twice.
    residual.add_(at::addmm(bias, x, weight.t(), 1.0, scale));
    return;
  }
  residual.addmm_(x, weight.t(), 1.0, scale);
  if (bias.defined()) residual.add_(bias);
}

LayerNorm::LayerNorm(const Weights& weights, const std::string& prefix, double eps)
    : weight(weights.at(prefix + ".weight")), bias(weights.at(prefix + ".bias")), eps(eps) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps);
}

at::Tensor patch_rows(const at::Tensor& pixels, std::int64_t patch) {
  const auto rows = pixels.size(1) / patch, cols = pixels.size(2) / patch;
  return pixels.view({3, rows, patch, cols, patch})
      .permute({1, 3, 0, 2, 4})
      .reshape({rows * cols, 3 * patch * patch});
}

at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), heads, -1}).transpose(0, 1).unsqueeze(0);
}

at::Tensor merge_heads(const at::Tensor& x) {
  return x.squeeze(0).transpose(0, 1).reshape({x.size(2), -1});
}

}  // namespace litebench::model
