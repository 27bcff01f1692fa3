#include "model/sam/two_way.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <fmt/format.h>

namespace litebench::model {
namespace {

constexpr double kEps = 1e-5;  // upstream.md §6.3

}  // namespace

TwoWayLayer::SelfAttention::SelfAttention(const Weights& weights, const std::string& prefix,
                                          std::int64_t heads)
    : heads(heads),
      q(weights, prefix + ".q_proj"),
      k(weights, prefix + ".k_proj"),
      v(weights, prefix + ".v_proj"),
      out(weights, prefix + ".out_proj") {}

at::Tensor TwoWayLayer::SelfAttention::operator()(const at::Tensor& queries_and_keys,
                                                  const at::Tensor& values) const {
  const auto split = [this](const at::Tensor& x) {
    return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
  };
  const auto attended = at::scaled_dot_product_attention(
      split(q(queries_and_keys)), split(k(queries_and_keys)), split(v(values)));
  return out(attended.transpose(1, 2).flatten(2));
}

TwoWayLayer::TwoWayLayer(const Weights& weights, const std::string& prefix, std::int64_t heads)
    : token_to_image(weights, prefix + ".cross_attn_token_to_image", heads),
      image_to_token(weights, prefix + ".cross_attn_image_to_token", heads),
      image_norm(weights, prefix + ".norm4", kEps),
      self_attention_(weights, prefix + ".self_attn", heads),
      norm1_(weights, prefix + ".norm1", kEps),
      norm2_(weights, prefix + ".norm2", kEps),
      norm3_(weights, prefix + ".norm3", kEps),
      lin1_(weights, prefix + ".mlp.lin1"),
      lin2_(weights, prefix + ".mlp.lin2") {}

at::Tensor TwoWayLayer::look_at_each_other(const at::Tensor& tokens, const at::Tensor& codes,
                                           bool first) const {
  if (first) return norm1_(self_attention_(tokens, tokens));
  return norm1_(tokens + self_attention_(tokens + codes, tokens));
}

at::Tensor TwoWayLayer::digest(const at::Tensor& tokens, const at::Tensor& seen) const {
  const auto x = norm2_(tokens + seen);
  return norm3_(x + lin2_(at::relu(lin1_(x))));
}

TwoWayTransformer::TwoWayTransformer(const Weights& weights, const std::string& prefix,
                                     const SamGeometry& geometry)
    : final_attention_(weights, prefix + ".final_attn_token_to_image", geometry.decoder_heads),
      final_norm_(weights, prefix + ".norm_final_attn", kEps) {
  for (std::int64_t i = 0; i < geometry.decoder_depth; ++i) {
    layers_.emplace_back(weights, fmt::format("{}.layers.{}", prefix, i), geometry.decoder_heads);
  }
}

TwoWayState TwoWayTransformer::forward(const at::Tensor& tokens, const at::Tensor& image,
                                       const at::Tensor& positions,
                                       std::optional<std::int64_t> answer) const {
  TwoWayState state{tokens, image};
  auto placed = image + positions;
  for (const auto& layer : layers_) {
    state.tokens = layer.look_at_each_other(state.tokens, tokens, &layer == &layers_.front());
    state.tokens = layer.digest(state.tokens, layer.token_to_image.tokens_to_image(
                                                  state.tokens + tokens, placed, state.image));
    state.image = layer.image_norm(layer.image_to_token.image_to_tokens(
        state.image, placed, state.tokens + tokens, state.tokens));
    placed = state.image + positions;
  }
  const auto first = answer.value_or(0), count = answer ? 1 : tokens.size(1);
  const auto own = state.tokens.narrow(1, first, count);
  const auto seen =
      final_attention_.tokens_to_image(own + tokens.narrow(1, first, count), placed, state.image);
  state.tokens = final_norm_(own + seen);
  if (answer) state.tokens = state.tokens.squeeze(1);
  return state;
}

}  // namespace litebench::model
