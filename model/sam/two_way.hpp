#pragma once
// The two-way transformer between prompt tokens and image cells (upstream.md §6.3).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"
#include "model/modules.hpp"
#include "model/sam/cross_attention.hpp"

namespace litebench::model {

/// Both sides of the transformer. tokens [Q, T, C] or [Q, C]; image [1 or Q, M, C].
struct TwoWayState {
  at::Tensor tokens, image;
};

/// One layer's modules and what they do to tokens [Q, T, C] alone.
class TwoWayLayer {
 public:
  TwoWayLayer(const Weights& weights, const std::string& prefix, std::int64_t heads);

  /// Self-attention up to its norm; codes: the tokens' position codes. The first layer's has neither these nor a residual.
  [[nodiscard]] at::Tensor look_at_each_other(const at::Tensor& tokens, const at::Tensor& codes,
                                              bool first) const;
  /// Tokens that have seen the image: residual, norm, MLP.
  [[nodiscard]] at::Tensor digest(const at::Tensor& tokens, const at::Tensor& seen) const;

  CrossAttention token_to_image, image_to_token;
  LayerNorm image_norm;

 private:
  struct SelfAttention {
    SelfAttention(const Weights& weights, const std::string& prefix, std::int64_t heads);
    [[nodiscard]] at::Tensor operator()(const at::Tensor& queries_and_keys,
                                        const at::Tensor& values) const;
    std::int64_t heads;
    Linear q, k, v, out;
  };

  SelfAttention self_attention_;
  LayerNorm norm1_, norm2_, norm3_;
  Linear lin1_, lin2_;
};

class TwoWayTransformer {
 public:
  TwoWayTransformer(const Weights& weights, const std::string& prefix, const SamGeometry& geometry);

  /// tokens [Q, T, C]: also the tokens' own position code. image [1, M, C] with positions [M, C]: the first layer works on
  /// the one image of all prompts, from its last step on there is one per prompt. Of the tokens only `answer` takes part in
  /// the last attention and is returned, [Q, C]; without one all, [Q, T, C].
  [[nodiscard]] TwoWayState forward(const at::Tensor& tokens, const at::Tensor& image,
                                    const at::Tensor& positions,
                                    std::optional<std::int64_t> answer) const;

  [[nodiscard]] const std::vector<TwoWayLayer>& layers() const { return layers_; }
  [[nodiscard]] const CrossAttention& final_attention() const { return final_attention_; }
  [[nodiscard]] const LayerNorm& final_norm() const { return final_norm_; }

 private:
  std::vector<TwoWayLayer> layers_;
  CrossAttention final_attention_;
  LayerNorm final_norm_;
};

}  // namespace litebench::model
