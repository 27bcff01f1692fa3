#pragma once
// Attention between a handful of tokens and thousands of image cells, in both directions (upstream.md §6.3).
//
// Projecting every cell to queries, keys and values is most of the mask decoder's arithmetic, yet only T = 6 tokens meet
// them. So the cells' projections are moved over to the tokens' side: q·(W x) = (Wᵀq)·x and Σ p (W x) = W (Σ p x). Per cell
// and direction that leaves 2 · heads · T · C multiply-adds, 24,576, where projecting costs 2 · 128 · C, 65,536, and no
// projected image exists in memory.

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/modules.hpp"

namespace litebench::model {

/// x [Q, T, heads · d] times one matrix [d, C] per head (blocks [heads, d, C]) -> [Q, heads · T, C].
at::Tensor times_blocks(const at::Tensor& x, const at::Tensor& blocks);

/// Shapes: Q prompts, T tokens, M image cells, C channels. An image argument [1, M, C] is shared by all prompts,
/// [Q, M, C] is one per prompt.
class CrossAttention {
 public:
  CrossAttention(const Weights& weights, const std::string& prefix, std::int64_t heads);

  /// Tokens look at the image. queries [Q, T, C] -> [Q, T, C]; keys, values: images.
  [[nodiscard]] at::Tensor tokens_to_image(const at::Tensor& queries, const at::Tensor& keys,
                                           const at::Tensor& values) const;

  /// The image looks at the tokens. image + attention -> [Q, M, C]; queries: image with positions, keys, values [Q, T, C].
  [[nodiscard]] at::Tensor image_to_tokens(const at::Tensor& image, const at::Tensor& queries,
                                           const at::Tensor& keys, const at::Tensor& values) const;

 private:
  friend class PartedAttention;  // the same for images in parts

  [[nodiscard]] at::Tensor head_blocks(const Linear& linear) const;
  /// Tokens' queries or keys, divided by the root of a head's width: [Q, T, heads · width].
  [[nodiscard]] at::Tensor scaled(const Linear& linear, const at::Tensor& tokens) const;
  /// What tokens show to the cells that look at them, head by head: [Q, heads · T, C], without the output's bias.
  [[nodiscard]] at::Tensor shown(const at::Tensor& values) const;

  std::int64_t heads_;
  Linear q_, k_, v_, out_;
};

}  // namespace litebench::model
