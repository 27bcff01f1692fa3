#pragma once
// SAM's image encoder (upstream.md §6.1), four fifths of a sample's arithmetic.

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"
#include "model/modules.hpp"
#include "model/sam/attention.hpp"

namespace litebench::model {

class SamEncoder {
 public:
  /// Sees each block's output [grid², dim]; valid during the call only.
  using BlockObserver = std::function<void(std::int64_t block, const at::Tensor& output)>;

  SamEncoder(const Weights& glamm, const SamGeometry& geometry);

  /// pixels: [3, image, image] in the weights' dtype, normalised and padded. Gives the image embedding [out, grid, grid]
  /// (channels last in memory, as the mask decoder reads it).
  [[nodiscard]] at::Tensor forward(const at::Tensor& pixels,
                                   const BlockObserver& observe = {}) const;

 private:
  struct Block {
    Block(const Weights& weights, const SamGeometry& geometry, std::int64_t index);
    void apply(at::Tensor& hidden_states, const WindowLayout& layout, SamScratch& scratch) const;

    LayerNorm norm1, norm2;
    SamAttention attention;
    Linear lin1, lin2;
  };
  [[nodiscard]] at::Tensor embed(const at::Tensor& pixels) const;
  [[nodiscard]] at::Tensor neck(const at::Tensor& hidden_states) const;

  SamGeometry geometry_;
  WindowLayout layout_;
  at::Tensor patch_weight_, patch_bias_;  // [dim, 3 · patch · patch], [dim]
  at::Tensor positions_;                  // [grid², dim]
  std::vector<Block> blocks_;
  at::Tensor neck_reduce_, neck_mix_;  // [out, dim], [out, out, 3, 3]
  LayerNorm neck_norm1_, neck_norm2_;
};

}  // namespace litebench::model
