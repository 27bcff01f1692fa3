#include "model/sam/decoder.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>

#include "model/scratch.hpp"

namespace litebench::model {
namespace {

const std::string kDecoder = "model.grounding_encoder.mask_decoder.";
const std::string kPrompt = "model.grounding_encoder.prompt_encoder.";
constexpr double kLayerNorm2dEps = 1e-6;
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

MaskDecoder::Upsample::Upsample(const Weights& weights, const std::string& prefix)
    : weight(weights.at(prefix + ".weight").permute({0, 2, 3, 1}).flatten(1).contiguous()),
      bias(weights.at(prefix + ".bias").repeat({4})) {}

at::Tensor MaskDecoder::Upsample::operator()(const at::Tensor& rows) const {
  return at::addmm(bias, rows, weight).view({rows.size(0), 4, -1});
}

MaskDecoder::MaskDecoder(const Weights& glamm, const SamGeometry& geometry, Precision positions)
    : geometry_(geometry),
      positions_(dense_positions(glamm.at(kPrompt + "pe_layer.positional_encoding_gaussian_matrix"),
                                 geometry.grid(), positions)),
      no_mask_(glamm.at(kPrompt + "no_mask_embed.weight")[0]),
      output_tokens_(at::cat(
          {glamm.at(kDecoder + "iou_token.weight"), glamm.at(kDecoder + "mask_tokens.weight")})),
      transformer_(glamm, kDecoder + "transformer", geometry),
      upsample1_(glamm, kDecoder + "output_upscaling.0"),
      upsample2_(glamm, kDecoder + "output_upscaling.3"),
      upsample_norm_(glamm, kDecoder + "output_upscaling.1", kLayerNorm2dEps),
      hypernetwork_(three_layers(glamm, "output_hypernetworks_mlps.0")),
      iou_head_(three_layers(glamm, "iou_prediction_head")) {}

TwoWayState MaskDecoder::attend(const at::Tensor& image_embedding,
                                const at::Tensor& prompts) const {
  const auto cells = image_embedding.permute({1, 2, 0}).reshape({1, -1, geometry_.out});
  const auto tokens = at::cat(
      {output_tokens_.unsqueeze(0).expand({prompts.size(0), -1, -1}), prompts.unsqueeze(1)}, 1);
  return transformer_.forward(tokens, cells + no_mask_, positions_);
}

at::Tensor MaskDecoder::upscale(const at::Tensor& image, const at::Tensor& filters) const {
  const auto prompts = image.size(0), cells = image.size(1), grid = geometry_.grid();
  auto half = upsample_norm_(upsample1_(image.view({prompts * cells, -1})));
  at::gelu_(half);
  auto full = upsample2_(half.view({prompts * cells * 4, -1}));
  at::gelu_(full);
  // Both convolutions left their 2 × 2 sub-cells beside the cell; only the finished logits are moved to raster order.
  return at::bmm(full.view({prompts, cells * 16, -1}), filters.unsqueeze(2))
      .view({prompts, grid, grid, 2, 2, 2, 2})
      .permute({0, 1, 3, 5, 2, 4, 6})
      .reshape({prompts, 4 * grid, 4 * grid});
}

at::Tensor MaskDecoder::forward(const at::Tensor& image_embedding,
                                const at::Tensor& prompts) const {
  const auto state = attend(image_embedding, prompts);
  const auto filters = run(hypernetwork_, state.tokens.select(1, kMaskToken));
  auto logits =
      at::empty({prompts.size(0), geometry_.low_res(), geometry_.low_res()}, prompts.options());
  const auto up_scaled_bytes =
      geometry_.low_res() * geometry_.low_res() * filters.size(1) * prompts.element_size();
  const auto at_once = items_at_once(prompts.device(), prompts.size(0), up_scaled_bytes);
  for (std::int64_t q = 0; q < prompts.size(0); q += at_once) {
    const auto n = std::min(at_once, prompts.size(0) - q);
    logits.narrow(0, q, n).copy_(upscale(state.image.narrow(0, q, n), filters.narrow(0, q, n)));
  }
  return logits;
}

at::Tensor MaskDecoder::predict_iou(const at::Tensor& image_embedding,
                                    const at::Tensor& prompts) const {
  return run(iou_head_, attend(image_embedding, prompts).tokens.select(1, kIouToken)).select(1, 0);
}

}  // namespace litebench::model
