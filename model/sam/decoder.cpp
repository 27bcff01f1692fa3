#include "model/sam/decoder.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>

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
      iou_head_(three_layers(glamm, "iou_prediction_head")) {}

TwoWayState MaskDecoder::attend(const at::Tensor& image_embedding, const at::Tensor& prompts,
                                std::int64_t answer) const {
  const auto cells = image_embedding.permute({1, 2, 0}).reshape({1, -1, geometry_.out});
  const auto tokens = at::cat(
      {output_tokens_.unsqueeze(0).expand({prompts.size(0), -1, -1}), prompts.unsqueeze(1)}, 1);
  return transformer_.forward(tokens, cells + no_mask_, positions_, answer);
}

at::Tensor MaskDecoder::forward(const at::Tensor& image_embedding,
                                const at::Tensor& prompts) const {
  const auto state = attend(image_embedding, prompts, kMaskToken);
  return upscaler_.forward(state.image, run(hypernetwork_, state.tokens));
}

at::Tensor MaskDecoder::predict_iou(const at::Tensor& image_embedding,
                                    const at::Tensor& prompts) const {
  return run(iou_head_, attend(image_embedding, prompts, kIouToken).tokens).select(1, 0);
}

}  // namespace litebench::model
