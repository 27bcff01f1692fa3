#include "model/sam/decoder.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <stdexcept>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include "model/scratch.hpp"

namespace litebench::model {
namespace {

const std::string kDecoder = "model.grounding_encoder.mask_decoder.";
const std::string kPrompt = "model.grounding_encoder.prompt_encoder.";
constexpr std::int64_t kIouToken = 0, kMaskToken = 1;

std::vector<Linear> three_layers(const Weights& weights, const std::string& name) {
  std::vector<Linear> layers;
  for (int i = 0; i < 3; ++i) {
    layers.emplace_back(weights, fmt::format("{}{}.layers.{}", kDecoder, name, i));
  }
  return layers;
}

at::Tensor run(const std::vector<Linear>& layers, at::Tensor x) {
  for (const auto& layer : layers) {
    x = layer(&layer == &layers.front() ? x : at::relu(x));
  }
  return x;
}

}  // namespace

struct MaskDecoder::Parted {
  std::once_flag made;
  std::optional<PartedTransformer> transformer;
};

MaskDecoder::MaskDecoder(const Weights& glamm, const SamGeometry& geometry, Precision positions)
    : geometry_(geometry),
      positions_(dense_positions(glamm.at(kPrompt + "pe_layer.positional_encoding_gaussian_matrix"),
                                 geometry.grid(), positions)),
      no_mask_(glamm.at(kPrompt + "no_mask_embed.weight")[0]),
      output_tokens_(at::cat(
          {glamm.at(kDecoder + "iou_token.weight"), glamm.at(kDecoder + "mask_tokens.weight")})),
      transformer_(glamm, kDecoder + "transformer", geometry),
      upscaler_(glamm, geometry),
      hypernetwork_(three_layers(glamm, "output_hypernetworks_mlps.0")),
      iou_head_(three_layers(glamm, "iou_prediction_head")),
      parted_(std::make_shared<Parted>()) {
  for (std::int64_t mask = 1; mask < geometry.mask_tokens; ++mask) {
    const auto name = fmt::format("output_hypernetworks_mlps.{}", mask);
    if (glamm.contains(fmt::format("{}{}.layers.0.weight", kDecoder, name)))
      other_hypernetworks_.push_back(three_layers(glamm, name));
  }
}

at::Tensor MaskDecoder::tokens_of(const at::Tensor& prompts) const {
  return at::cat(
      {output_tokens_.unsqueeze(0).expand({prompts.size(0), -1, -1}), prompts.unsqueeze(1)}, 1);
}

TwoWayState MaskDecoder::attend(const at::Tensor& image_embedding, const at::Tensor& prompts,
                                std::optional<std::int64_t> answer) const {
  const auto cells = image_embedding.permute({1, 2, 0}).reshape({1, -1, geometry_.out});
  return transformer_.forward(tokens_of(prompts), cells + no_mask_, positions_, answer);
}

at::Tensor MaskDecoder::forward_in_parts(const at::Tensor& image_embedding,
                                         const at::Tensor& prompts) const {
  std::call_once(parted_->made, [this] { parted_->transformer.emplace(transformer_, positions_); });
  const auto& transformer = *parted_->transformer;
  const auto image = image_embedding.flatten(1) + no_mask_.unsqueeze(1);
  const auto picture = transformer.picture(image.contiguous());
  const auto map = upscaler_.of_map(picture.back().x);
  const auto count = prompts.size(0), side = geometry_.low_res(),
             tokens = output_tokens_.size(0) + 1;
  const auto logits = at::empty({count, side, side}, prompts.options());
  const auto at_once = items_at_once(prompts.device(), count, transformer.bytes_a_prompt(tokens));
  auto images = transformer.images(at_once, tokens);
  for (std::int64_t q = 0; q < count; q += at_once) {
    const auto n = std::min(at_once, count - q);
    const auto answers =
        transformer.forward(tokens_of(prompts.narrow(0, q, n)), picture, kMaskToken, images);
    upscaler_.forward(images, map, run(hypernetwork_, answers), logits.narrow(0, q, n));
  }
  return logits;
}

at::Tensor MaskDecoder::forward(const at::Tensor& image_embedding,
                                const at::Tensor& prompts) const {
  const bool fp32_on_cpu = prompts.device().is_cpu() && prompts.scalar_type() == at::kFloat;
  if (fp32_on_cpu && prompts.size(0) >= kPartsFrom) {
    return forward_in_parts(image_embedding, prompts);
  }
  const auto state = attend(image_embedding, prompts, kMaskToken);
  return upscaler_.forward(state.image, run(hypernetwork_, state.tokens));
}

at::Tensor MaskDecoder::forward_upstream(const at::Tensor& image_embedding,
                                         const at::Tensor& prompts) const {
  if (std::ssize(other_hypernetworks_) + 1 != geometry_.mask_tokens)
    throw std::logic_error("the mask decoder lacks the reference's discarded parts");
  const auto state = attend(image_embedding, prompts, std::nullopt);
  (void)run(iou_head_, state.tokens.select(1, kIouToken));
  std::vector<at::Tensor> others;
  for (const auto& hypernetwork : other_hypernetworks_) {
    const auto token = kMaskToken + 1 + std::ssize(others);
    others.push_back(run(hypernetwork, state.tokens.select(1, token)));
  }
  const auto filters = run(hypernetwork_, state.tokens.select(1, kMaskToken));
  return upscaler_.forward(state.image, filters, at::stack(others, 1));
}

at::Tensor MaskDecoder::predict_iou(const at::Tensor& image_embedding,
                                    const at::Tensor& prompts) const {
  return run(iou_head_, attend(image_embedding, prompts, kIouToken).tokens).select(1, 0);
}

}  // namespace litebench::model
