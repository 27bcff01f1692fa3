#include "model/clip/encoder_layer.hpp"

#include <ATen/ops/addmm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>

namespace litebench::model {
namespace {

/// CLIP's quick GELU is x · sigmoid(1.702 x) = silu(1.702 x) / 1.702. Both factors ride along in the matrix products
/// on either side, which leaves one element-wise pass.
constexpr double kQuickGelu = 1.702;

}  // namespace

ClipEncoderLayer::ClipEncoderLayer(const Weights& weights, const std::string& prefix,
                                   std::int64_t heads, double eps)
    : heads_(heads),
      norm1_(weights, prefix + ".layer_norm1", eps),
      norm2_(weights, prefix + ".layer_norm2", eps),
      q_(weights, prefix + ".self_attn.q_proj"),
      k_(weights, prefix + ".self_attn.k_proj"),
      v_(weights, prefix + ".self_attn.v_proj"),
      out_(weights, prefix + ".self_attn.out_proj"),
      fc1_(weights, prefix + ".mlp.fc1"),
      fc2_(weights, prefix + ".mlp.fc2") {}

ClipProjections ClipEncoderLayer::project(const at::Tensor& hidden_states) const {
  const auto normed = norm1_(hidden_states);
  return {q_(normed), k_(normed), v_(normed)};
}

at::Tensor ClipEncoderLayer::forward(const at::Tensor& hidden_states,
                                     const ClipProjections& projections, Mask mask) const {
  const auto attended = at::scaled_dot_product_attention(
      split_heads(projections.q, heads_), split_heads(projections.k, heads_),
      split_heads(projections.v, heads_),
      /*attn_mask=*/{}, /*dropout_p=*/0.0, /*is_causal=*/mask == Mask::causal);
  auto result = hidden_states.clone();
  out_.add_to(result, merge_heads(attended));
  auto mlp = at::addmm(fc1_.bias, norm2_(result), fc1_.weight.t(), kQuickGelu, kQuickGelu);
  at::silu_(mlp);
  fc2_.add_to(result, mlp, 1.0 / kQuickGelu);
  return result;
}

}  // namespace litebench::model
