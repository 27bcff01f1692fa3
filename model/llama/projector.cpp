#include "model/llama/projector.hpp"

#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>

namespace litebench::model {

Projector::Projector(const Weights& weights)
    : weight0_(weights.at("model.mm_projector.0.weight")),
      bias0_(weights.at("model.mm_projector.0.bias")),
      weight2_(weights.at("model.mm_projector.2.weight")),
      bias2_(weights.at("model.mm_projector.2.bias")) {}

at::Tensor Projector::operator()(const at::Tensor& features) const {
  return at::linear(at::gelu(at::linear(features, weight0_, bias0_)), weight2_, bias2_);
}

SegHead::SegHead(const Weights& weights)
    : weight0_(weights.at("model.text_hidden_fcs.0.0.weight")),
      bias0_(weights.at("model.text_hidden_fcs.0.0.bias")),
      weight2_(weights.at("model.text_hidden_fcs.0.2.weight")),
      bias2_(weights.at("model.text_hidden_fcs.0.2.bias")) {}

at::Tensor SegHead::operator()(const at::Tensor& states) const {
  return at::linear(at::relu(at::linear(states, weight0_, bias0_)), weight2_, bias2_);
}

}  // namespace litebench::model
