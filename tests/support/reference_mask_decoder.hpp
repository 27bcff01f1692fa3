#pragma once
// SAM's mask decoder as the reference executes it, operation by operation: the image embedding repeated for every prompt,
// every projection made per prompt, all maps laid out, all mask tokens and their estimated IoU (upstream.md §6.3). Oracle of
// the tests, rival of the benches.

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include "model/geometry.hpp"
#include "model/weights/weights.hpp"

namespace litebench::test {

class ReferenceMaskDecoder {
 public:
  /// positions: [grid², out].
  ReferenceMaskDecoder(const model::Weights& glamm, const model::SamGeometry& geometry,
                       const at::Tensor& positions)
      : weights_(glamm), geometry_(geometry), positions_(positions) {}

  struct Masks {
    at::Tensor logits;  ///< [Q, mask tokens, 4 grid, 4 grid]
    at::Tensor iou;     ///< [Q, mask tokens]
  };

  /// image_embedding [out, grid, grid], prompts [Q, out].
  [[nodiscard]] Masks forward(const at::Tensor& image_embedding, const at::Tensor& prompts) const {
    const auto count = prompts.size(0), grid = geometry_.grid();
    const auto dense = weight("prompt_encoder.no_mask_embed.weight").view({-1, 1, 1});
    const auto own = at::cat(
        {weight("mask_decoder.iou_token.weight"), weight("mask_decoder.mask_tokens.weight")});
    const auto tokens =
        at::cat({own.unsqueeze(0).expand({count, -1, -1}), prompts.unsqueeze(1)}, 1);
    const auto source = image_embedding.unsqueeze(0).repeat({count, 1, 1, 1}) + dense;
    const auto [answers, image] =
        two_way(tokens, source.flatten(2).permute({0, 2, 1}), positions_.repeat({count, 1, 1}));
    const auto upscaled = upscale(image.transpose(1, 2).view({count, -1, grid, grid}));
    std::vector<at::Tensor> filters;
    for (std::int64_t m = 0; m < geometry_.mask_tokens; ++m) {
      filters.push_back(
          mlp(fmt::format("output_hypernetworks_mlps.{}", m), answers.select(1, 1 + m)));
    }
    return {at::matmul(at::stack(filters, 1), upscaled.flatten(2))
                .view({count, -1, 4 * grid, 4 * grid}),
            mlp("iou_prediction_head", answers.select(1, 0))};
  }

 private:
  [[nodiscard]] const at::Tensor& weight(const std::string& name) const {
    return weights_.at("model.grounding_encoder." + name);
  }
  [[nodiscard]] const at::Tensor& own(const std::string& name) const {
    return weight("mask_decoder." + name);
  }
  [[nodiscard]] at::Tensor linear(const std::string& name, const at::Tensor& x) const {
    return at::linear(x, own(name + ".weight"), own(name + ".bias"));
  }
  [[nodiscard]] at::Tensor norm(const std::string& name, const at::Tensor& x) const {
    return at::layer_norm(x, {x.size(-1)}, own(name + ".weight"), own(name + ".bias"), 1e-5);
  }
  [[nodiscard]] at::Tensor mlp(const std::string& name, at::Tensor x) const {
    for (int i = 0; i < 3; ++i) {
      x = linear(fmt::format("{}.layers.{}", name, i), i == 0 ? x : at::relu(x));
    }
    return x;
  }

  [[nodiscard]] at::Tensor attention(const std::string& name, const at::Tensor& q,
                                     const at::Tensor& k, const at::Tensor& v) const {
    const auto split = [this](const at::Tensor& x) {
      return x.view({x.size(0), x.size(1), geometry_.decoder_heads, -1}).transpose(1, 2);
    };
    const auto queries = split(linear(name + ".q_proj", q));
    const auto keys = split(linear(name + ".k_proj", k));
    const auto values = split(linear(name + ".v_proj", v));
    const auto scores =
        at::matmul(queries, keys.transpose(2, 3)) / std::sqrt(static_cast<double>(queries.size(3)));
    const auto attended = at::matmul(at::softmax(scores, -1), values);
    return linear(name + ".out_proj", attended.transpose(1, 2).flatten(2));
  }

  [[nodiscard]] std::pair<at::Tensor, at::Tensor> two_way(const at::Tensor& codes, at::Tensor image,
                                                          const at::Tensor& positions) const {
    at::Tensor tokens = codes;
    for (std::int64_t i = 0; i < geometry_.decoder_depth; ++i) {
      const auto layer = fmt::format("transformer.layers.{}.", i);
      if (i == 0) {
        tokens = attention(layer + "self_attn", tokens, tokens, tokens);
      } else {
        const auto q = tokens + codes;
        tokens = tokens + attention(layer + "self_attn", q, q, tokens);
      }
      tokens = norm(layer + "norm1", tokens);
      tokens = tokens + attention(layer + "cross_attn_token_to_image", tokens + codes,
                                  image + positions, image);
      tokens = norm(layer + "norm2", tokens);
      tokens = tokens + linear(layer + "mlp.lin2", at::relu(linear(layer + "mlp.lin1", tokens)));
      tokens = norm(layer + "norm3", tokens);
      image = image + attention(layer + "cross_attn_image_to_token", image + positions,
                                tokens + codes, tokens);
      image = norm(layer + "norm4", image);
    }
    tokens = tokens + attention("transformer.final_attn_token_to_image", tokens + codes,
                                image + positions, image);
    return {norm("transformer.norm_final_attn", tokens), image};
  }

  [[nodiscard]] at::Tensor upscale(const at::Tensor& image) const {
    const auto up = [this](const std::string& name, const at::Tensor& x) {
      return at::conv_transpose2d(x, own(name + ".weight"), own(name + ".bias"), 2);
    };
    const auto half = up("output_upscaling.0", image);
    const auto off = half - half.mean(1, true);
    const auto unit = off / (off * off).mean(1, true).add(1e-6).sqrt();
    const auto normed = own("output_upscaling.1.weight").view({-1, 1, 1}) * unit +
                        own("output_upscaling.1.bias").view({-1, 1, 1});
    return at::gelu(up("output_upscaling.3", at::gelu(normed)));
  }

  const model::Weights& weights_;
  model::SamGeometry geometry_;
  at::Tensor positions_;
};

}  // namespace litebench::test
