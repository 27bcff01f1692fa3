#include "model/llama/upstream_work.hpp"

#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include "model/llama/accounting.hpp"

namespace litebench::model {
namespace {

constexpr double kAlpha = 16;  // upstream.md §1.8

LowRank zero_adapter(std::int64_t width, const at::TensorOptions& options) {
  // Only `up` must be zero; `down` is anything finite, so that nothing is skipped.
  return {at::full({kAdapterRank, width}, 1.0 / static_cast<double>(width), options),
          at::zeros({width, kAdapterRank}, options), kAlpha / static_cast<double>(kAdapterRank)};
}

}  // namespace

void LowRank::add_to(at::Tensor& y, const at::Tensor& x) const {
  y.add_(at::linear(at::linear(x, down), up), scale);
}

UpstreamWork::UpstreamWork(const LlamaGeometry& llama, const Weights& weights)
    : lm_head(weights.at("lm_head.weight")) {
  for (std::int64_t layer = 0; layer < llama.layers; ++layer) {
    adapters.push_back({zero_adapter(llama.hidden, lm_head.options()),
                        zero_adapter(llama.hidden, lm_head.options())});
  }
}

}  // namespace litebench::model
