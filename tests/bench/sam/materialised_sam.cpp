#include "tests/bench/sam/materialised_sam.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>

namespace litebench::bench {

const at::Tensor& MaterialisedSam::weight(const std::string& name) const {
  return weights_.at("model.grounding_encoder.image_encoder." + name);
}

at::Tensor MaterialisedSam::linear(const std::string& name, const at::Tensor& x) const {
  return at::linear(x, weight(name + ".weight"), weight(name + ".bias"));
}

at::Tensor MaterialisedSam::norm(const std::string& name, const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight(name + ".weight"), weight(name + ".bias"), 1e-6);
}

at::Tensor MaterialisedSam::norm_2d(const std::string& name, const at::Tensor& x) const {
  const auto centred = x - x.mean(1, true);
  const auto unit = centred / (centred * centred).mean(1, true).add(1e-6).sqrt();
  return unit * weight(name + ".weight").view({-1, 1, 1}) + weight(name + ".bias").view({-1, 1, 1});
}

at::Tensor MaterialisedSam::attention(const std::string& block, const at::Tensor& x) const {
  const auto batch = x.size(0), n = x.size(1), heads = geometry_.heads;
  const auto width = geometry_.dim / heads;
  const auto qkv = linear(block + ".attn.qkv", x)
                       .reshape({batch, n * n, 3, heads, width})
                       .permute({2, 0, 3, 1, 4})
                       .reshape({3, batch * heads, n * n, width});
  const auto q = qkv[0], k = qkv[1], v = qkv[2];
  auto scores = at::matmul(q * (1.0 / std::sqrt(double(width))), k.transpose(1, 2));
  const auto cells = at::arange(n, x.options().dtype(at::kLong));
  const auto offsets = (cells.view({n, 1}) - cells.view({1, n}) + (n - 1)).flatten();
  const auto table = [&](const char* axis) {
    return weight(fmt::format("{}.attn.rel_pos_{}", block, axis))
        .index_select(0, offsets)
        .view({n, n, width});
  };
  const auto by_cell = q.view({batch * heads, n, n, width});
  const auto rel_h = at::matmul(by_cell, table("h").transpose(1, 2));
  const auto rel_w =
      at::matmul(by_cell.transpose(1, 2), table("w").transpose(1, 2)).transpose(1, 2);
  scores = (scores.view({batch * heads, n, n, n, n}) + rel_h.unsqueeze(-1) + rel_w.unsqueeze(-2))
               .view({batch * heads, n * n, n * n});
  const auto attended = at::matmul(at::softmax(scores, -1), v)
                            .view({batch, heads, n, n, width})
                            .permute({0, 2, 3, 1, 4})
                            .reshape({batch, n, n, geometry_.dim});
  return linear(block + ".attn.proj", attended);
}

at::Tensor MaterialisedSam::windowed_attention(const std::string& block,
                                               const at::Tensor& x) const {
  const auto n = geometry_.grid(), window = geometry_.window;
  const auto side = (n + window - 1) / window, padding = side * window - n;
  const auto windows = at::constant_pad_nd(x, {0, 0, 0, padding, 0, padding})
                           .view({side, window, side, window, -1})
                           .permute({0, 2, 1, 3, 4})
                           .reshape({side * side, window, window, -1});
  return attention(block, windows)
      .view({side, side, window, window, -1})
      .permute({0, 2, 1, 3, 4})
      .reshape({1, side * window, side * window, -1})
      .slice(1, 0, n)
      .slice(2, 0, n);
}

at::Tensor MaterialisedSam::forward(const at::Tensor& pixels) const {
  auto x = at::conv2d(pixels.unsqueeze(0), weight("patch_embed.proj.weight"),
                      weight("patch_embed.proj.bias"), geometry_.patch)
               .permute({0, 2, 3, 1}) +
           weight("pos_embed");
  const auto& global = geometry_.global_blocks;
  for (std::int64_t b = 0; b < geometry_.depth; ++b) {
    const auto block = fmt::format("blocks.{}", b);
    const auto normed = norm(block + ".norm1", x);
    const bool is_global = std::find(global.begin(), global.end(), b) != global.end();
    x = x + (is_global ? attention(block, normed) : windowed_attention(block, normed));
    x = x + linear(block + ".mlp.lin2",
                   at::gelu(linear(block + ".mlp.lin1", norm(block + ".norm2", x))));
  }
  const auto reduced =
      norm_2d("neck.1", at::conv2d(x.permute({0, 3, 1, 2}), weight("neck.0.weight")));
  return norm_2d("neck.3", at::conv2d(reduced, weight("neck.2.weight"), {}, 1, 1)).squeeze(0);
}

}  // namespace litebench::bench
