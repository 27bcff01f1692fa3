#pragma once
// GLaMM as the stages that the harness calls and times; nothing outside knows their insides (design: Evaluation).
// clip features → select → project → prefill → [SEG] states → prompts → SAM features → mask logits.

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/clip/text.hpp"
#include "model/clip/vision.hpp"
#include "model/llama/llama.hpp"
#include "model/llama/projector.hpp"
#include "model/prune/token_plan.hpp"
#include "model/sam/decoder.hpp"
#include "model/sam/encoder.hpp"
#include "model/weights/weights.hpp"

namespace litebench::model {

/// Immutable; one per process. Callers hold c10::InferenceMode. Compute::upstream, where a stage takes it, gives the same
/// result up to rounding and also does the reference's dead work; the model must have been loaded for it.
class Glamm {
 public:
  explicit Glamm(const LoadedModel& model);

  [[nodiscard]] const Geometry& geometry() const { return geometry_; }
  [[nodiscard]] at::ScalarType dtype() const { return dtype_; }
  [[nodiscard]] at::Device device() const { return device_; }

  /// Host floats [3, size, size] as a tensor of the run's dtype on its device.
  [[nodiscard]] at::Tensor upload(const std::vector<float>& pixels, std::int64_t size) const;

  [[nodiscard]] VisionFeatures clip_features(const at::Tensor& pixels, const VisionTaps& taps,
                                             Compute compute = Compute::lean) const;
  /// [texts, projection], every text alone.
  [[nodiscard]] at::Tensor text_embeds(const std::vector<std::vector<std::int64_t>>& texts,
                                       Compute compute = Compute::lean) const;
  /// The rows of `plan` as tokens of the language model, [N, d]. Only they go through the projector.
  [[nodiscard]] at::Tensor project(const VisionFeatures& features, const prune::TokenPlan& plan) const;
  /// All patches, [patches, d], for variants that share one projection.
  [[nodiscard]] at::Tensor project_patches(const VisionFeatures& features) const;
  [[nodiscard]] const Llama& llama() const { return llama_; }
  /// Mask prompts [Q, out] of [SEG] states [Q, d].
  [[nodiscard]] at::Tensor prompts(const at::Tensor& states) const;
  /// Mask prompts of one sequence that goes through the language model alone.
  [[nodiscard]] at::Tensor prompts(Sequence& sequence, Compute compute) const;
  /// The same of a sequence that Llama::fix() made tensors of; lean.
  [[nodiscard]] at::Tensor prompts(const FixedPrefill& inputs) const {
    return prompts(llama_.prefill(inputs));
  }
  /// Image embedding [out, grid, grid].
  [[nodiscard]] at::Tensor sam_features(const at::Tensor& pixels) const;
  /// Low-resolution logits [Q, 4·grid, 4·grid].
  [[nodiscard]] at::Tensor mask_logits(const at::Tensor& image_embedding, const at::Tensor& prompts,
                                       protocol::Precision positional_encoding,
                                       Compute compute = Compute::lean) const;

 private:
  Geometry geometry_;
  at::ScalarType dtype_;
  at::Device device_;
  ClipVision vision_;
  ClipText text_;
  Projector projector_;
  Llama llama_;
  std::optional<UpstreamWork> upstream_work_;
  SegHead seg_head_;
  SamEncoder encoder_;
  MaskDecoder decoder_, decoder_fp32_pe_;
};

}  // namespace litebench::model
