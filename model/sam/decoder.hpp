#pragma once
// SAM's mask decoder for text prompts: one mask per prompt, that of mask token 0 (upstream.md §6.3).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"
#include "model/modules.hpp"
#include "model/sam/prompt.hpp"
#include "model/sam/two_way.hpp"
#include "model/sam/upscale.hpp"

namespace litebench::model {

class MaskDecoder {
 public:
  /// From so many prompts on a picture (fp32, CPU) they are decoded in parts (model/sam/parted.hpp): what that costs once a
  /// picture is then less than what it saves.
  static constexpr std::int64_t kPartsFrom = 3;

  MaskDecoder(const Weights& glamm, const SamGeometry& geometry,
              Precision positions = Precision::model);

  /// Mask logits [Q, 4 grid, 4 grid] of prompts [Q, out] on one image embedding [out, grid, grid]. Mask tokens 1..3 and the
  /// IoU head, which the reference computes and discards, are left out.
  [[nodiscard]] at::Tensor forward(const at::Tensor& image_embedding,
                                   const at::Tensor& prompts) const;

  /// The same with what the reference computes and discards: the last attention of all tokens, the masks of the other mask
  /// tokens and the IoU head. Never in parts. Throws std::logic_error without their weights.
  [[nodiscard]] at::Tensor forward_upstream(const at::Tensor& image_embedding,
                                            const at::Tensor& prompts) const;

  /// The decoder's own estimate of that mask's IoU, [Q].
  [[nodiscard]] at::Tensor predict_iou(const at::Tensor& image_embedding,
                                       const at::Tensor& prompts) const;

  /// Position code of the image cells, [grid², out].
  [[nodiscard]] const at::Tensor& positions() const { return positions_; }

 private:
  using Mlp = std::vector<Linear>;
  /// Made when first needed, which is never where pictures have few prompts.
  struct Parted;

  [[nodiscard]] at::Tensor tokens_of(const at::Tensor& prompts) const;
  [[nodiscard]] at::Tensor forward_in_parts(const at::Tensor& image_embedding,
                                            const at::Tensor& prompts) const;

  /// Both sides behind the transformer, of the tokens `answer` alone.
  [[nodiscard]] TwoWayState attend(const at::Tensor& image_embedding, const at::Tensor& prompts,
                                   std::optional<std::int64_t> answer) const;

  SamGeometry geometry_;
  at::Tensor positions_;      // [grid², out]
  at::Tensor no_mask_;        // [out]
  at::Tensor output_tokens_;  // [1 + mask_tokens, out]: IoU token, mask tokens
  TwoWayTransformer transformer_;
  MaskUpscaler upscaler_;
  Mlp hypernetwork_, iou_head_;
  std::vector<Mlp> other_hypernetworks_;  // of mask tokens 1, 2, …; those that the checkpoint has
  std::shared_ptr<Parted> parted_;
};

}  // namespace litebench::model
