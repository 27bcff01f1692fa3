#pragma once
// An oracle: the decoder written the slow way, one sequence, whole score matrices, tokens masked
// instead of dropped. Shares no code with the prefill under test.

#include <cmath>
#include <string>
#include <vector>

#include <fmt/core.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tril.h>

#include "model/weights/weights.hpp"

namespace litebench::eager {

class Decoder {
 public:
  explicit Decoder(const model::LoadedModel& model)
      : llama_(model.geometry.llama), weights_(*model.glamm) {}

  [[nodiscard]] at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    return x * at::rsqrt((x * x).mean(-1, true) + llama_.rms_eps) * weights_.at(name);
  }

  /// x [n, heads·dim] -> rotated [heads, n, dim] by explicit 2 × 2 rotations of the pairs (j, j +
  /// dim/2)
  [[nodiscard]] at::Tensor rotated(const at::Tensor& x,
                                   const std::vector<std::int64_t>& positions) const {
    const std::int64_t dim = llama_.head_dim(), half = dim / 2;
    const at::Tensor heads = x.view({x.size(0), llama_.heads, dim}).transpose(0, 1);
    std::vector<at::Tensor> low, high;
    const at::Tensor p = at::from_blob(const_cast<std::int64_t*>(positions.data()),
                                       {static_cast<std::int64_t>(positions.size())}, at::kLong)
                             .to(at::kDouble);
    for (std::int64_t j = 0; j < half; ++j) {
      const at::Tensor angle =
          p * std::pow(llama_.rope_base, -2.0 * static_cast<double>(j) / static_cast<double>(dim));
      const at::Tensor c = angle.cos().to(at::kFloat), s = angle.sin().to(at::kFloat);
      low.push_back(heads.select(2, j) * c - heads.select(2, j + half) * s);
      high.push_back(heads.select(2, j + half) * c + heads.select(2, j) * s);
    }
    return at::cat({at::stack(low, 2), at::stack(high, 2)}, 2);
  }

  [[nodiscard]] at::Tensor linear(const at::Tensor& x, std::int64_t layer, const char* part) const {
    return at::matmul(x, weights_.at(fmt::format("model.layers.{}.{}.weight", layer, part)).t());
  }

  /// fp32 [heads, n, n] of one layer; `seen` [n] marks the keys that are still there
  [[nodiscard]] at::Tensor attention(const at::Tensor& x, std::int64_t layer,
                                     const at::Tensor& seen,
                                     const std::vector<std::int64_t>& positions) const {
    const at::Tensor h = norm(x, fmt::format("model.layers.{}.input_layernorm.weight", layer));
    const at::Tensor q = rotated(linear(h, layer, "self_attn.q_proj"), positions);
    const at::Tensor k = rotated(linear(h, layer, "self_attn.k_proj"), positions);
    const at::Tensor allowed =
        at::ones({x.size(0), x.size(0)}, at::kBool).tril() & seen.unsqueeze(0);
    at::Tensor scores =
        at::matmul(q, k.transpose(1, 2)) / std::sqrt(static_cast<double>(llama_.head_dim()));
    scores = scores.masked_fill(~allowed.unsqueeze(0), -3.0e38);
    return at::softmax(scores, -1);
  }

  [[nodiscard]] at::Tensor layer(const at::Tensor& x, std::int64_t index, const at::Tensor& seen,
                                 const std::vector<std::int64_t>& positions) const {
    const at::Tensor h = norm(x, fmt::format("model.layers.{}.input_layernorm.weight", index));
    const at::Tensor v =
        linear(h, index, "self_attn.v_proj").view({x.size(0), llama_.heads, -1}).transpose(0, 1);
    const at::Tensor mixed = at::matmul(attention(x, index, seen, positions), v);
    const at::Tensor y =
        x + linear(mixed.transpose(0, 1).reshape(x.sizes()), index, "self_attn.o_proj");
    const at::Tensor g =
        norm(y, fmt::format("model.layers.{}.post_attention_layernorm.weight", index));
    const at::Tensor gate = linear(g, index, "mlp.gate_proj");
    return y + linear(gate * at::sigmoid(gate) * linear(g, index, "mlp.up_proj"), index,
                      "mlp.down_proj");
  }

 private:
  model::LlamaGeometry llama_;
  const model::Weights& weights_;
};

}  // namespace litebench::eager
