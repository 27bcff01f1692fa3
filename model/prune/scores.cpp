#include "model/prune/scores.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>

namespace litebench::prune {
namespace {

at::Tensor in_dtype(const at::Tensor& x, const ScoreOptions& options) {
  return options.score_dtype == protocol::ScoreDType::fp32 ? x.to(at::kFloat) : x;
}

at::Tensor norm(const at::Tensor& x) {
  return at::linalg_vector_norm(x, 2, {-1}, /*keepdim=*/true);
}

at::Tensor unit_length(const at::Tensor& x) { return x / norm(x).clamp_min(1e-12); }

at::Tensor patches_of(const at::Tensor& rows) { return rows.narrow(0, 1, rows.size(0) - 1); }

}  // namespace

at::Tensor similarity(const at::Tensor& joint, const at::Tensor& texts,
                      const ScoreOptions& options) {
  at::Tensor u = in_dtype(joint, options), t = in_dtype(texts, options);
  if (options.sim == protocol::Similarity::cosine) {
    u = unit_length(u);
    t = unit_length(t);
  }
  return at::matmul(t, u.t());
}

at::Tensor context_score(const model::ClipLayerTap& tap, ContextLogits logits,
                         const ScoreOptions& options) {
  at::Tensor q = in_dtype(tap.q.narrow(0, 0, 1), options);
  at::Tensor k = in_dtype(patches_of(tap.k), options);
  const at::Tensor v = in_dtype(patches_of(tap.v), options);
  if (logits == ContextLogits::cosine) {
    q = unit_length(q);
    k = unit_length(k);
  }
  const double scale = std::sqrt(static_cast<double>(k.size(1)));
  const at::Tensor weights = at::softmax(at::matmul(q, k.t()) / scale, -1);  // [1, patches]
  return norm(weights.t() * v).squeeze(1);
}

at::Tensor cls_attention(const model::ClipLayerTap& tap, const ScoreOptions& options) {
  return in_dtype(tap.cls_attention, options).mean(0);
}

at::Tensor value_norm(const model::ClipLayerTap& tap, const ScoreOptions& options) {
  return norm(in_dtype(patches_of(tap.v), options)).squeeze(1);
}

std::int64_t following_layer(const model::ClipVisionGeometry& vision) {
  // E_l enters encoder layer l; negative indices count from E_layers.
  return vision.select_layer < 0 ? vision.layers + 1 + vision.select_layer : vision.select_layer;
}

std::int64_t producing_layer(const model::ClipVisionGeometry& vision) {
  return following_layer(vision) - 1;
}

HostScores::HostScores(std::span<const at::Tensor> parts) {
  std::vector<at::Tensor> rows;
  for (const at::Tensor& part : parts) {
    rows.push_back((part.dim() == 1 ? part.unsqueeze(0) : part).to(at::kFloat));
  }
  rows_ = at::cat(rows, 0).to(at::kCPU).contiguous();
}

std::span<const float> HostScores::row(std::int64_t index) const {
  assert(index < count());
  const auto width = static_cast<std::size_t>(rows_.size(1));
  return {rows_.const_data_ptr<float>() + static_cast<std::size_t>(index) * width, width};
}

std::vector<std::int64_t> raster(std::vector<std::int64_t> indices) {
  std::sort(indices.begin(), indices.end());
  return indices;
}

}  // namespace litebench::prune
