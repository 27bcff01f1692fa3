#include "model/sam/parted.hpp"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "kernels/cell_attention/cell_attention.hpp"

namespace litebench::model {
namespace {

/// Cells whose 256 channels are looked at at once: 256 KiB.
constexpr std::int64_t kStripCells = 256;

/// The norm behind a layer: of the cells as `images.norm`, its gain and bias as part of the rows and the offset.
void normalise(const LayerNorm& norm, const PictureLayer& picture, PartedImages& images) {
  const auto cells = images.norm.size(1), channels = picture.x.size(0);
  images.share.mul_(images.norm);
  const auto z = at::empty({channels, std::min(kStripCells, cells)}, images.rows.options());
  const float* x = picture.centred.const_data_ptr<float>();
  const auto eps = static_cast<float>(norm.eps);
  for (std::int64_t q = 0; q < images.rows.size(0); ++q) {
    const auto weights = images.weights_of(q);
    const float* share = images.share[q].const_data_ptr<float>();
    float* deviations = images.norm[q].data_ptr<float>();
    for (std::int64_t begin = 0; begin < cells; begin += kStripCells) {
      auto strip = z.narrow(1, 0, std::min(kStripCells, cells - begin));
      at::mm_out(strip, images.rows[q].t(), weights.narrow(1, begin, strip.size(1)));
      const float* own = strip.const_data_ptr<float>();
      at::parallel_for(0, strip.size(1), 64, [&](std::int64_t first, std::int64_t last) {
        const auto at = begin + first;
        kernels::inverse_deviations(own + first, z.size(1), x + at, cells, channels, last - first,
                                    share + at, eps, deviations + at);
      });
    }
  }
  images.rows.mul_(norm.weight);
  images.offset = norm.bias;
}

}  // namespace

PartedTransformer::PartedTransformer(const TwoWayTransformer& transformer,
                                     const at::Tensor& positions)
    : final_attention_(transformer.final_attention()),
      final_norm_(transformer.final_norm()),
      positions_(positions.t().contiguous()),
      placed_keys_(final_attention_.keys(positions_)) {
  for (const auto& own : transformer.layers()) {
    Layer layer{own, PartedAttention(own.token_to_image), PartedAttention(own.image_to_token), {}};
    if (!layers_.empty()) {
      const auto& offset = layers_.back().own.image_norm.bias;
      layer.placed = {layer.token_to_image.keys(positions_),
                      layer.image_to_token.queries(positions_)
                          .add_(layer.image_to_token.constant_query(offset))};
    }
    layers_.push_back(std::move(layer));
  }
}

std::vector<PictureLayer> PartedTransformer::picture(const at::Tensor& image) const {
  std::vector<PictureLayer> picture;
  auto x = image;
  for (const auto& [own, token_to_image, image_to_token, placed] : layers_) {
    PictureLayer layer{.x = x, .values = token_to_image.values(x), .centred = x - x.mean(0)};
    if (placed.keys.defined()) {
      layer.keys = token_to_image.keys(x);
      layer.queries = image_to_token.queries(x);
    } else {
      const auto with_positions = x + positions_;
      layer.keys = token_to_image.keys(with_positions);
      layer.queries = image_to_token.queries(with_positions)
                          .add_(image_to_token.constant_query(at::zeros_like(own.image_norm.bias)));
    }
    x = layer.centred * own.image_norm.weight.unsqueeze(1);
    picture.push_back(std::move(layer));
  }
  picture.push_back(
      {.x = x, .keys = final_attention_.keys(x), .values = final_attention_.values(x)});
  return picture;
}

std::int64_t PartedTransformer::rows(std::int64_t tokens) const {
  std::int64_t rows = 0;
  for (const auto& layer : layers_) rows += layer.image_to_token.rows_shown(tokens);
  return rows;
}

std::int64_t PartedTransformer::bytes_a_prompt(std::int64_t tokens) const {
  return (rows(tokens) + 2) * positions_.size(1) * static_cast<std::int64_t>(sizeof(float));
}

PartedImages PartedTransformer::images(std::int64_t prompts, std::int64_t tokens) const {
  const auto cells = positions_.size(1);
  return {.weights = at::empty({prompts, rows(tokens), cells}, positions_.options()),
          .share = at::empty({prompts, cells}, positions_.options()),
          .norm = at::empty({prompts, cells}, positions_.options())};
}

at::Tensor PartedTransformer::forward(const at::Tensor& codes,
                                      const std::vector<PictureLayer>& picture, std::int64_t answer,
                                      PartedImages& images) const {
  images.rows = at::empty({codes.size(0), 0, codes.size(2)}, codes.options());
  images.offset = at::zeros({codes.size(2)}, codes.options());
  images.share.fill_(1);
  images.norm.fill_(1);
  images.shared = true;
  auto tokens = codes;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto& layer = layers_[i];
    tokens = layer.own.look_at_each_other(tokens, codes, i == 0);
    tokens = layer.own.digest(tokens, layer.token_to_image.tokens_to_image(
                                          tokens + codes, picture[i], layer.placed.keys, images));
    layer.image_to_token.image_to_tokens(tokens + codes, tokens, picture[i], layer.placed.queries,
                                         images);
    images.shared = i == 0;  // the norm of the image itself is 1
    normalise(layer.own.image_norm, picture[i], images);
  }
  const auto own = tokens.narrow(1, answer, 1);
  const auto seen = final_attention_.tokens_to_image(own + codes.narrow(1, answer, 1),
                                                     picture.back(), placed_keys_, images);
  return final_norm_(own + seen).squeeze(1);
}

}  // namespace litebench::model
