#pragma once
// Self-attention of SAM's image encoder: over the whole grid or inside windows (upstream.md §6.1).

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"
#include "model/modules.hpp"
#include "model/sam/relative_position.hpp"

namespace litebench::model {

/// Where the grid's tokens sit in its windows. The grid is padded at the bottom and the right.
struct WindowLayout {
  WindowLayout(std::int64_t grid, std::int64_t window, const at::Device& device);

  std::int64_t windows;  ///< number of windows
  at::Tensor
      gather;  ///< [windows · window²] token of each place, raster order inside a window; grid² = padding
  at::Tensor scatter;  ///< [grid²] place of each token
};

/// Buffers that one forward pass uses again in every block: as fresh tensors they would cost their page faults each time,
/// up to eight times the copy itself.
struct SamScratch {
  SamScratch(const SamGeometry& geometry, const WindowLayout& layout,
             const at::TensorOptions& options);

  at::Tensor qkv;       ///< [grid² + 1, 3 · dim]; the last row is the padding token's
  at::Tensor windows;   ///< [windows · window², 3 · dim]
  at::Tensor attended;  ///< [windows · window², dim]
  at::Tensor bias;      ///< additive masks, flat
  at::Tensor mlp;       ///< [grid², mlp]
};

class SamAttention {
 public:
  enum class Span { global, window };

  SamAttention(const Weights& weights, const std::string& prefix, std::int64_t heads, Span span);

  /// residual [grid², dim] += attention of normed [grid², dim].
  void add_to(at::Tensor& residual, const at::Tensor& normed, const WindowLayout& layout,
              SamScratch& scratch) const;

 private:
  [[nodiscard]] at::Tensor attend_globally(SamScratch& scratch) const;
  [[nodiscard]] at::Tensor attend_in_windows(const WindowLayout& layout, SamScratch& scratch) const;
  [[nodiscard]] at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                  SamScratch& scratch) const;

  std::int64_t heads_;
  Span span_;
  Linear qkv_, proj_;
  RelativePosition position_;
};

}  // namespace litebench::model
