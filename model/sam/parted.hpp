#pragma once
// Many prompts on one picture, their images in parts (upstream.md §6.3).
//
// Every prompt changes the one image by what its cells take from T tokens: weights of attention times as many rows of C
// channels. A layer's norm then multiplies a cell by one number and all cells by one gain. So a prompt's image stays, exactly,
//
//   norm[m] · (share[m] · x[m] + Σ_r weights[r, m] rows[r]) + offset
//
// with a map x of the picture, r = heads · (T − 1) + 1 rows a layer (a head's first token has the weight that its others
// leave) and numbers per cell. A projection W of it needs W x once a picture and W rows[r] once a prompt; no map of C channels
// exists per prompt, and its products take a prompt half the operations of those on maps.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/sam/cross_attention.hpp"
#include "model/sam/two_way.hpp"

namespace litebench::model {

/// A layer's map of the picture and what its attentions see of it, cells side by side.
struct PictureLayer {
  at::Tensor x;                      ///< [C, M]
  at::Tensor keys, values, queries;  ///< [heads, width, M]
  at::Tensor centred;                ///< x without each cell's mean, [C, M]
};

/// The images of Q prompts.
struct PartedImages {
  at::Tensor weights;      ///< [Q, all rows of all layers, M], of which rows.size(1) are filled
  at::Tensor rows;         ///< [Q, r, C]
  at::Tensor share, norm;  ///< [Q, M]
  at::Tensor offset;       ///< [C]
  bool shared = true;      ///< share is 1 everywhere

  /// The filled weights of prompt q, [r, M].
  [[nodiscard]] at::Tensor weights_of(std::int64_t q) const {
    return weights[q].narrow(0, 0, rows.size(1));
  }
};

/// An attention's projections of the position codes, [heads, width, M]; undefined where the picture's contain them.
struct PlacedCells {
  at::Tensor keys, queries;
};

/// CrossAttention on images in parts, fp32 on a CPU.
class PartedAttention {
 public:
  explicit PartedAttention(const CrossAttention& attention) : own_(attention) {}

  /// Projections of a map x [C, M], [heads, width, M].
  [[nodiscard]] at::Tensor keys(const at::Tensor& x) const;
  [[nodiscard]] at::Tensor values(const at::Tensor& x) const;
  [[nodiscard]] at::Tensor queries(const at::Tensor& x) const;
  /// The queries of an offset [C] that all cells share, with their bias, [heads, width, 1].
  [[nodiscard]] at::Tensor constant_query(const at::Tensor& offset) const;

  /// How many rows a layer adds for so many tokens.
  [[nodiscard]] std::int64_t rows_shown(std::int64_t tokens) const {
    return own_.heads_ * (tokens - 1) + 1;
  }

  /// As CrossAttention's.
  [[nodiscard]] at::Tensor tokens_to_image(const at::Tensor& queries, const PictureLayer& picture,
                                           const at::Tensor& placed_keys,
                                           const PartedImages& images) const;
  /// Adds what the images see of the tokens, as weights and centred rows. Leaves their norm to be found.
  void image_to_tokens(const at::Tensor& keys, const at::Tensor& values,
                       const PictureLayer& picture, const at::Tensor& placed_queries,
                       PartedImages& images) const;

 private:
  struct Scores;
  [[nodiscard]] at::Tensor project(const Linear& linear, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor by_head(const at::Tensor& x) const;
  void score(const at::Tensor& heads, const at::Tensor& cells, const at::Tensor& placed,
             const at::Tensor& mixed, const PartedImages& images, std::int64_t q,
             Scores& scores) const;

  CrossAttention own_;
};

/// TwoWayTransformer on images in parts, fp32 on a CPU.
class PartedTransformer {
 public:
  /// positions: [M, C].
  PartedTransformer(const TwoWayTransformer& transformer, const at::Tensor& positions);

  /// What all prompts share of a picture, image [C, M]: one layer more than the transformer has.
  [[nodiscard]] std::vector<PictureLayer> picture(const at::Tensor& image) const;
  /// Bytes of the image of a prompt of `tokens` tokens.
  [[nodiscard]] std::int64_t bytes_a_prompt(std::int64_t tokens) const;
  /// Buffers for the images of `prompts` prompts of `tokens` tokens.
  [[nodiscard]] PartedImages images(std::int64_t prompts, std::int64_t tokens) const;

  /// tokens [Q, T, C] -> those at `answer`, [Q, C]. images: for Q prompts at least; filled with the first Q.
  [[nodiscard]] at::Tensor forward(const at::Tensor& tokens,
                                   const std::vector<PictureLayer>& picture, std::int64_t answer,
                                   PartedImages& images) const;

 private:
  struct Layer {
    TwoWayLayer own;
    PartedAttention token_to_image, image_to_token;
    PlacedCells placed;
  };
  [[nodiscard]] std::int64_t rows(std::int64_t tokens) const;

  std::vector<Layer> layers_;
  PartedAttention final_attention_;
  LayerNorm final_norm_;
  at::Tensor positions_;    // [C, M]
  at::Tensor placed_keys_;  // of the final attention
};

}  // namespace litebench::model
