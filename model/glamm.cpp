#include "model/glamm.hpp"

#include <stdexcept>

#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

namespace litebench::model {

Glamm::Glamm(const LoadedModel& model)
    : geometry_(model.geometry),
      dtype_(model.glamm->dtype()),
      device_(model.glamm->device()),
      vision_(*model.clip, geometry_.vision),
      text_(*model.clip, geometry_.text),
      projector_(*model.glamm),
      llama_(geometry_, model.glamm),
      seg_head_(*model.glamm),
      encoder_(*model.glamm, geometry_.sam),
      decoder_(*model.glamm, geometry_.sam, Precision::model),
      decoder_fp32_pe_(*model.glamm, geometry_.sam, Precision::fp32) {
  if (model.compute == Compute::upstream) upstream_work_.emplace(geometry_.llama, *model.glamm);
}

at::Tensor Glamm::upload(const std::vector<float>& pixels, std::int64_t size) const {
  const at::Tensor host =
      at::from_blob(const_cast<float*>(pixels.data()), {3, size, size}, at::TensorOptions().dtype(at::kFloat));
  // A copy even where dtype and device fit: the caller's buffer may go before the tensor does.
  return host.to(device_, dtype_, /*non_blocking=*/false, /*copy=*/true);
}

VisionFeatures Glamm::clip_features(const at::Tensor& pixels, const VisionTaps& taps,
                                    Compute compute) const {
  return vision_.forward(pixels, taps, compute);
}

at::Tensor Glamm::text_embeds(const std::vector<std::vector<std::int64_t>>& texts,
                              Compute compute) const {
  return text_.embed_all(texts, compute);
}

at::Tensor Glamm::project(const VisionFeatures& features, const prune::TokenPlan& plan) const {
  at::Tensor tokens = projector_(plan.apply(features.selected));
  // A row of nothing is a zero token, not what the projector makes of zeros.
  const auto ends = plan.row_ptr();
  for (std::int64_t row = 0; row < plan.size(); ++row) {
    if (ends[row] == ends[row + 1]) tokens[row].zero_();
  }
  return tokens;
}

at::Tensor Glamm::project_patches(const VisionFeatures& features) const {
  return projector_(features.selected.slice(0, 1));
}

at::Tensor Glamm::prompts(const at::Tensor& states) const { return seg_head_(states); }

at::Tensor Glamm::prompts(Sequence& sequence, Compute compute) const {
  if (compute == Compute::lean) return prompts(llama_.prefill(std::span(&sequence, 1)).front());
  if (!upstream_work_)
    throw std::logic_error("the model was not loaded for the reference's dead work");
  const at::Tensor all = prompts(llama_.prefill_upstream(sequence, *upstream_work_));
  const std::vector<std::int64_t> wanted = sequence.ledger->wanted();
  return all.index_select(0, at::tensor(wanted, at::kLong).to(all.device()));
}

at::Tensor Glamm::sam_features(const at::Tensor& pixels) const { return encoder_.forward(pixels); }

at::Tensor Glamm::mask_logits(const at::Tensor& image_embedding, const at::Tensor& prompts,
                              protocol::Precision positional_encoding, Compute compute) const {
  const MaskDecoder& decoder =
      positional_encoding == protocol::Precision::model ? decoder_ : decoder_fp32_pe_;
  return compute == Compute::lean ? decoder.forward(image_embedding, prompts)
                                  : decoder.forward_upstream(image_embedding, prompts);
}

}  // namespace litebench::model
