#include "model/prune/scores.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>

namespace litebench::prune {
namespace {

at::Tensor in_dtype(const at::Tensor& x, const ScoreOptions& options) {
  return options.score_dtype == protocol::ScoreDType::fp32 ? x.to(at::kFloat) : x;
}

at::Tensor norm(const at::Tensor& x) {
  return at::linalg_vector_norm(x, 2, {-1}, /*keepdim=*/true);
}

at::Tensor unit_length(const at::Tensor& x) { return x / norm(x).clamp_min(1e-12); }

}  // namespace

at::Tensor without_cls(const at::Tensor& rows) { return rows.narrow(0, 1, rows.size(0) - 1); }

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
  at::Tensor k = in_dtype(without_cls(tap.k), options);
  const at::Tensor v = in_dtype(without_cls(tap.v), options);
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

at::Tensor single_head_cls_attention(const model::ClipLayerTap& tap, const ScoreOptions& options) {
  const at::Tensor q = in_dtype(tap.q.narrow(0, 0, 1), options), k = in_dtype(tap.k, options);
  const double scale = std::sqrt(static_cast<double>(k.size(1)));
  return without_cls(at::softmax(at::matmul(q, k.t()) / scale, -1).squeeze(0));
}

at::Tensor head_mean_keys(const model::ClipLayerTap& tap, std::int64_t heads,
                          const ScoreOptions& options) {
  const at::Tensor k = in_dtype(without_cls(tap.k), options);
  return k.reshape({k.size(0), heads, -1}).mean(1);
}

at::Tensor cosine_gram(const at::Tensor& x, const ScoreOptions& options) {
  const at::Tensor unit = unit_length(in_dtype(x, options));
  return at::matmul(unit, unit.t());
}

at::Tensor text_relevance(const at::Tensor& cosines) {
  const at::Tensor need = -cosines.mean(0);
  const at::Tensor least = need.min(), range = need.max() - least;
  return at::where(range > 0, (need - least + 1e-6) / range, at::ones_like(need));
}

at::Tensor value_norm(const model::ClipLayerTap& tap, const ScoreOptions& options) {
  return norm(in_dtype(without_cls(tap.v), options)).squeeze(1);
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

double quantile(std::span<const float> values, double q) {
  assert(!values.empty());
  std::vector<float> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  const double part = place - static_cast<double>(low);
  return static_cast<double>(sorted[low]) * (1 - part) + static_cast<double>(sorted[high]) * part;
}

std::int64_t outlier_count(std::span<const float> values) {
  const double first = quantile(values, 0.25), third = quantile(values, 0.75);
  const double fence = third + 1.5 * (third - first);
  return std::count_if(values.begin(), values.end(),
                       [&](float value) { return static_cast<double>(value) > fence; });
}

std::vector<std::int64_t> raster(std::vector<std::int64_t> indices) {
  std::sort(indices.begin(), indices.end());
  return indices;
}

}  // namespace litebench::prune
