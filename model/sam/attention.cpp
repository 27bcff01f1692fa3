#include "model/sam/attention.hpp"

#include <vector>

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>

#include "model/sam/strip_attention.hpp"
#include "model/scratch.hpp"

namespace litebench::model {
namespace {

std::int64_t windows_per_side(std::int64_t grid, std::int64_t window) {
  return (grid + window - 1) / window;
}

/// Largest additive mask in elements: a scratch-full of windows, or one head over the whole grid where that is not attended in
/// strips.
std::int64_t bias_elements(const SamGeometry& geometry, std::int64_t windows,
                           const at::TensorOptions& options) {
  const auto square = [](std::int64_t n) { return n * n * n * n; };
  const auto scratch_full = [&](std::int64_t items, std::int64_t elements) {
    const auto bytes = elements * static_cast<std::int64_t>(options.dtype().itemsize());
    return elements * items_at_once(options.device(), items, bytes);
  };
  const auto of_windows = scratch_full(windows, geometry.heads * square(geometry.window));
  if (takes_strips(options)) return of_windows;
  return std::max(of_windows, scratch_full(geometry.heads, square(geometry.grid())));
}

}  // namespace

WindowLayout::WindowLayout(std::int64_t grid, std::int64_t window, const at::Device& device) {
  const auto side = windows_per_side(grid, window);
  windows = side * side;
  std::vector<std::int64_t> token_of(windows * window * window, grid * grid), place_of(grid * grid);
  for (std::int64_t y = 0; y < grid; ++y) {
    for (std::int64_t x = 0; x < grid; ++x) {
      const auto index = (y / window) * side + x / window;
      const auto place = (index * window + y % window) * window + x % window;
      token_of[place] = y * grid + x;
      place_of[y * grid + x] = place;
    }
  }
  gather = at::tensor(token_of, at::kLong).to(device);
  scatter = at::tensor(place_of, at::kLong).to(device);
}

SamScratch::SamScratch(const SamGeometry& geometry, const WindowLayout& layout,
                       const at::TensorOptions& options) {
  const auto tokens = geometry.grid() * geometry.grid();
  const auto places = layout.gather.size(0);
  qkv = at::empty({tokens + 1, 3 * geometry.dim}, options);
  windows = at::empty({places, 3 * geometry.dim}, options);
  attended = at::empty({places, geometry.dim}, options);
  bias = at::empty({bias_elements(geometry, layout.windows, options)}, options);
  mlp = at::empty({tokens, geometry.mlp}, options);
}

SamAttention::SamAttention(const Weights& weights, const std::string& prefix, std::int64_t heads,
                           Span span)
    : heads_(heads),
      span_(span),
      qkv_(weights, prefix + ".qkv"),
      proj_(weights, prefix + ".proj"),
      position_(weights.at(prefix + ".rel_pos_h"), weights.at(prefix + ".rel_pos_w")) {}

void SamAttention::add_to(at::Tensor& residual, const at::Tensor& normed,
                          const WindowLayout& layout, SamScratch& scratch) const {
  const auto tokens = normed.size(0);
  auto qkv = scratch.qkv.narrow(0, 0, tokens);
  at::addmm_out(qkv, qkv_.bias, normed, qkv_.weight.t());
  proj_.add_to(residual, span_ == Span::global ? attend_globally(scratch)
                                               : attend_in_windows(layout, scratch));
}

at::Tensor SamAttention::attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                SamScratch& scratch) const {
  const auto batch = q.size(0), heads = q.size(1), tokens = q.size(2);
  auto bias = scratch.bias.narrow(0, 0, batch * heads * tokens * tokens)
                  .view({batch, heads, tokens, tokens});
  position_.fill(bias, q);
  return at::scaled_dot_product_attention(q, k, v, bias);
}

at::Tensor SamAttention::attend_globally(SamScratch& scratch) const {
  const auto tokens = scratch.qkv.size(0) - 1;
  const auto qkv =
      scratch.qkv.narrow(0, 0, tokens).view({1, tokens, 3, heads_, -1}).permute({2, 0, 3, 1, 4});
  auto attended = scratch.attended.narrow(0, 0, tokens);
  auto by_head = attended.view({1, tokens, heads_, -1}).transpose(1, 2);
  if (takes_strips(qkv.options())) {
    strip_attention(qkv[0], qkv[1], qkv[2], position_, by_head);
    return attended;
  }
  // Without strips: one head at a time on a CPU, its mask built in a buffer that the attention reads while it is warm. For one
  // block at grid 64: 0.43 s against 0.60 s with a mask for all heads and 1.44 s with scores laid out (design.md §10.17).
  const auto at_once = items_at_once(qkv.device(), heads_, tokens * tokens * qkv.element_size());
  for (std::int64_t h = 0; h < heads_; h += at_once) {
    const auto heads = std::min(at_once, heads_ - h);
    by_head.narrow(1, h, heads)
        .copy_(attend(qkv[0].narrow(1, h, heads), qkv[1].narrow(1, h, heads),
                      qkv[2].narrow(1, h, heads), scratch));
  }
  return attended;
}

at::Tensor SamAttention::attend_in_windows(const WindowLayout& layout, SamScratch& scratch) const {
  // Padding is zero before the projection and so equals its bias behind it; it is not masked. Projecting before the
  // tokens are spread over windows, and back-projecting after they left, saves those rows' share of both products
  // (a sixth at 64 = 4 · 14 + 8).
  scratch.qkv[scratch.qkv.size(0) - 1].copy_(qkv_.bias);
  at::index_select_out(scratch.windows, scratch.qkv, 0, layout.gather);
  const auto places = position_.grid() * position_.grid();
  const auto qkv =
      scratch.windows.view({layout.windows, places, 3, heads_, -1}).permute({2, 0, 3, 1, 4});
  auto by_head = scratch.attended.view({layout.windows, places, heads_, -1}).transpose(1, 2);
  const auto at_once =
      items_at_once(qkv.device(), layout.windows, heads_ * places * places * qkv.element_size());
  for (std::int64_t w = 0; w < layout.windows; w += at_once) {
    const auto windows = std::min(at_once, layout.windows - w);
    by_head.narrow(0, w, windows)
        .copy_(attend(qkv[0].narrow(0, w, windows), qkv[1].narrow(0, w, windows),
                      qkv[2].narrow(0, w, windows), scratch));
  }
  return at::index_select(scratch.attended, 0, layout.scatter);
}

}  // namespace litebench::model
