#pragma once
// From the image side of the two-way transformer to mask logits: two transposed convolutions and the product with a
// prompt's filter (upstream.md §6.3).

#include <cstdint>
#include <functional>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"
#include "model/modules.hpp"
#include "model/sam/parted.hpp"

namespace litebench::model {

class MaskUpscaler {
 public:
  MaskUpscaler(const Weights& glamm, const SamGeometry& geometry);

  /// image [Q, grid², out], filters [Q, out / 8] -> logits [Q, 4 grid, 4 grid]. `others` [Q, masks, out / 8]: filters whose
  /// products are computed and dropped, or undefined.
  [[nodiscard]] at::Tensor forward(const at::Tensor& image, const at::Tensor& filters,
                                   const at::Tensor& others = {}) const;

  /// The first convolution of a picture's map [out, grid²], which the images of all prompts share: [out, grid²].
  [[nodiscard]] at::Tensor of_map(const at::Tensor& x) const;
  /// The same for images in parts whose map `of_map` has seen -> logits [Q, 4 grid, 4 grid].
  void forward(const PartedImages& images, const at::Tensor& map, const at::Tensor& filters,
               const at::Tensor& logits) const;

 private:
  /// ConvTranspose2d of kernel and stride 2 as one product of channel-last rows, sub-cells in raster order.
  struct Upsample {
    Upsample(const Weights& weights, const std::string& prefix);
    at::Tensor weight, bias;  // [in, 4 · out], [4 · out]
  };
  /// Fills `half` [out, cells] with the first convolution of the cells from `begin` on.
  using FirstMap = std::function<void(at::Tensor& half, std::int64_t begin)>;

  /// filters: [Q, out / 8, masks], of which the first makes the logits.
  [[nodiscard]] at::Tensor by_maps(const at::Tensor& image, const at::Tensor& filters) const;
  void by_strips(const FirstMap& first, const at::Tensor& filter, const at::Tensor& others,
                 const at::Tensor& logits) const;
  void finish(const at::Tensor& half, const at::Tensor& full, const at::Tensor& filter,
              const at::Tensor& others, float* logits) const;

  std::int64_t grid_;
  Upsample first_, second_;
  LayerNorm norm_;
};

}  // namespace litebench::model
