#include "model/sam/encoder.hpp"

#include <algorithm>
#include <string>

#include <ATen/ops/addmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <fmt/format.h>

namespace litebench::model {
namespace {

constexpr double kEps = 1e-6;  // upstream.md §6.1

std::string name_of(std::string_view part) {
  return fmt::format("model.grounding_encoder.image_encoder.{}", part);
}

SamAttention::Span span_of(const SamGeometry& geometry, std::int64_t block) {
  const auto& global = geometry.global_blocks;
  return std::find(global.begin(), global.end(), block) != global.end()
             ? SamAttention::Span::global
             : SamAttention::Span::window;
}

}  // namespace

SamEncoder::Block::Block(const Weights& weights, const SamGeometry& geometry, std::int64_t index)
    : norm1(weights, name_of(fmt::format("blocks.{}.norm1", index)), kEps),
      norm2(weights, name_of(fmt::format("blocks.{}.norm2", index)), kEps),
      attention(weights, name_of(fmt::format("blocks.{}.attn", index)), geometry.heads,
                span_of(geometry, index)),
      lin1(weights, name_of(fmt::format("blocks.{}.mlp.lin1", index))),
      lin2(weights, name_of(fmt::format("blocks.{}.mlp.lin2", index))) {}

void SamEncoder::Block::apply(at::Tensor& hidden_states, const WindowLayout& layout,
                              SamScratch& scratch) const {
  attention.add_to(hidden_states, norm1(hidden_states), layout, scratch);
  at::addmm_out(scratch.mlp, lin1.bias, norm2(hidden_states), lin1.weight.t());
  at::gelu_(scratch.mlp);
  lin2.add_to(hidden_states, scratch.mlp);
}

SamEncoder::SamEncoder(const Weights& glamm, const SamGeometry& geometry)
    : geometry_(geometry),
      layout_(geometry.grid(), geometry.window, glamm.device()),
      patch_weight_(glamm.at(name_of("patch_embed.proj.weight")).flatten(1)),
      patch_bias_(glamm.at(name_of("patch_embed.proj.bias"))),
      positions_(glamm.at(name_of("pos_embed")).view({-1, geometry.dim})),
      neck_reduce_(glamm.at(name_of("neck.0.weight")).flatten(1)),
      neck_mix_(glamm.at(name_of("neck.2.weight"))),
      neck_norm1_(glamm, name_of("neck.1"), kEps),
      neck_norm2_(glamm, name_of("neck.3"), kEps) {
  for (std::int64_t b = 0; b < geometry.depth; ++b) {
    blocks_.emplace_back(glamm, geometry, b);
  }
}

at::Tensor SamEncoder::embed(const at::Tensor& pixels) const {
  return at::addmm(patch_bias_, patch_rows(pixels, geometry_.patch), patch_weight_.t())
      .add_(positions_);
}

at::Tensor SamEncoder::neck(const at::Tensor& hidden_states) const {
  const auto grid = geometry_.grid();
  const auto reduced = neck_norm1_(at::linear(hidden_states, neck_reduce_));
  const auto image = reduced.view({1, grid, grid, -1}).permute({0, 3, 1, 2});
  const auto mixed = at::conv2d(image, neck_mix_, /*bias=*/{}, /*stride=*/1, /*padding=*/1);
  return neck_norm2_(mixed.permute({0, 2, 3, 1})).squeeze(0).permute({2, 0, 1});
}

at::Tensor SamEncoder::forward(const at::Tensor& pixels, const BlockObserver& observe) const {
  SamScratch scratch(geometry_, layout_, pixels.options());
  auto hidden_states = embed(pixels);
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    blocks_[b].apply(hidden_states, layout_, scratch);
    if (observe) {
      observe(static_cast<std::int64_t>(b), hidden_states);
    }
  }
  return neck(hidden_states);
}

}  // namespace litebench::model
