#include "model/llama/decoder_layer.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <fmt/core.h>

#include <ATen/ops/arange.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

namespace litebench::model {
namespace {

/// [n, heads, head_dim] -> [1, heads, n, head_dim], a view
at::Tensor by_head(const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); }

/// [1, heads, n, head_dim] -> [n, heads·head_dim]
at::Tensor by_row(const at::Tensor& x) {
  return x.squeeze(0).transpose(0, 1).reshape({x.size(2), x.size(1) * x.size(3)});
}

/// true where key j may not be seen by row rows[i]: [rows, keys]
at::Tensor unseen(const at::Tensor& rows, std::int64_t keys) {
  return at::arange(keys, rows.options()).unsqueeze(0) > rows.unsqueeze(1);
}

at::Tensor adapted(const at::Tensor& x, const at::Tensor& weight, const LowRank* adapter) {
  at::Tensor y = at::linear(x, weight);
  if (adapter != nullptr) adapter->add_to(y, x);
  return y;
}

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt((wide * wide).mean(-1, /*keepdim=*/true).add_(eps));
  return (wide * scale).to(x.scalar_type()).mul_(weight);
}

DecoderLayer::DecoderLayer(const LlamaGeometry& llama, const Weights& weights, std::int64_t index)
    : heads_(llama.heads), head_dim_(llama.head_dim()), eps_(llama.rms_eps) {
  const auto get = [&](const char* part) {
    return weights.at(fmt::format("model.layers.{}.{}.weight", index, part));
  };
  q_ = get("self_attn.q_proj");
  k_ = get("self_attn.k_proj");
  v_ = get("self_attn.v_proj");
  o_ = get("self_attn.o_proj");
  gate_ = get("mlp.gate_proj");
  up_ = get("mlp.up_proj");
  down_ = get("mlp.down_proj");
  input_norm_ = get("input_layernorm");
  post_norm_ = get("post_attention_layernorm");
}

at::Tensor DecoderLayer::normed(const at::Tensor& x) const {
  return rms_norm(x, input_norm_, eps_);
}

at::Tensor DecoderLayer::heads(const at::Tensor& x) const {
  return x.view({x.size(0), heads_, head_dim_});
}

at::Tensor DecoderLayer::queries(const at::Tensor& normed, const RotaryAngles& angles,
                                 const LowRank* adapter) const {
  return rotate(heads(adapted(normed, q_, adapter)), angles);
}

at::Tensor DecoderLayer::keys(const at::Tensor& normed, const RotaryAngles& angles) const {
  return rotate(heads(at::linear(normed, k_)), angles);
}

at::Tensor DecoderLayer::values(const at::Tensor& normed, const LowRank* adapter) const {
  return heads(adapted(normed, v_, adapter));
}

at::Tensor DecoderLayer::finish(at::Tensor x, const at::Tensor& attention) const {
  x = x + at::linear(attention, o_);
  const at::Tensor in = rms_norm(x, post_norm_, eps_);
  at::Tensor gate = at::linear(in, gate_);
  at::silu_(gate);
  gate.mul_(at::linear(in, up_));
  return x.add_(at::linear(gate, down_));
}

at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return by_row(at::scaled_dot_product_attention(by_head(q), by_head(k), by_head(v), {}, 0.0,
                                                 /*is_causal=*/true));
}

at::Tensor row_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                         const at::Tensor& rows) {
  // Additive and two-dimensional: boolean masks are slower and three-dimensional ones miss the fast
  // kernel.
  const at::Tensor mask = at::zeros({rows.size(0), k.size(0)}, q.options())
                              .masked_fill_(unseen(rows, k.size(0)), kMinusInfinity);
  return by_row(at::scaled_dot_product_attention(by_head(q), by_head(k), by_head(v), mask));
}

at::Tensor row_probe(const at::Tensor& q, const at::Tensor& k, const at::Tensor& rows) {
  const at::Tensor queries = q.to(at::kFloat).transpose(0, 1);  // [heads, rows, head_dim]
  const at::Tensor keys = k.to(at::kFloat).permute({1, 2, 0});  // [heads, head_dim, S]
  const double scale = std::sqrt(static_cast<double>(q.size(2)));
  at::Tensor scores = at::matmul(queries, keys).div_(scale);
  scores.masked_fill_(unseen(rows, k.size(0)).unsqueeze(0), kMinusInfinity);
  return at::softmax(scores, -1);
}

}  // namespace litebench::model
