#pragma once
// The scores that selection methods rank patches by, and how they reach the host.

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// s[q, i] = t_q · u_i, or its cosine, [Q, patches], in the dtype that `options` asks for
/// (upstream.md §4.4).
at::Tensor similarity(const at::Tensor& joint, const at::Tensor& texts,
                      const ScoreOptions& options);

enum class ContextLogits : std::uint8_t {
  cosine,  ///< cos(q_cls, k_i) / √D, as LiteLVLM's code does
  dot,     ///< q_cls · k_i / √D, as its paper writes
};

/// c_i = softmax_i(logits) · ‖v_i‖₂ over the patches, [patches]; every step rounds to the dtype as
/// the reference's does (upstream.md §4.3). q, k, v: [1 + patches, D], before scaling and head
/// split.
at::Tensor context_score(const model::ClipLayerTap& tap, ContextLogits logits,
                         const ScoreOptions& options);

/// Mean over heads of the CLS query's attention, [patches].
at::Tensor cls_attention(const model::ClipLayerTap& tap, const ScoreOptions& options);

/// Attention of the CLS query when all heads are taken as one: softmax(q_cls · k_j / √D) over CLS
/// and the patches, of which the patches are returned, [patches].
at::Tensor single_head_cls_attention(const model::ClipLayerTap& tap, const ScoreOptions& options);

/// Mean over heads of the patches' keys, [patches, D / heads] (VisionZip's metric).
at::Tensor head_mean_keys(const model::ClipLayerTap& tap, std::int64_t heads,
                          const ScoreOptions& options);

/// Cosines of all pairs of rows of x, [n, d] -> [n, n].
at::Tensor cosine_gram(const at::Tensor& x, const ScoreOptions& options);

/// How much the texts need each patch (CDPruner): −mean over texts of cosines [Q, patches], scaled
/// to [1e-6 / range, 1]. 1 everywhere when all are equal.
at::Tensor text_relevance(const at::Tensor& cosines);

/// The patches of a [1 + patches, …] tensor.
at::Tensor without_cls(const at::Tensor& rows);

/// ‖v_i‖₂ over all heads' dimensions, [patches].
at::Tensor value_norm(const model::ClipLayerTap& tap, const ScoreOptions& options);

/// Index of the encoder layer whose output is pruned (its attention made the features), and of the
/// one after it, whose q, k, v projections LiteLVLM reads: 22 and 23 of 24 (upstream.md §4.2,
/// pruners.md §1).
std::int64_t producing_layer(const model::ClipVisionGeometry& vision);
std::int64_t following_layer(const model::ClipVisionGeometry& vision);

/// fp32 rows on the host; one transfer for all rows.
class HostScores {
 public:
  /// Any number of [patches] or [R, patches] tensors, stacked.
  explicit HostScores(std::span<const at::Tensor> parts);
  [[nodiscard]] std::int64_t count() const { return rows_.size(0); }
  [[nodiscard]] std::span<const float> row(std::int64_t index) const;

 private:
  at::Tensor rows_;  // fp32 [count, patches], contiguous
};

/// The value below which a share `q` of the values lies, linearly interpolated between neighbours.
double quantile(std::span<const float> values, double q);

/// How many values lie above Q3 + 1.5 · (Q3 − Q1): what "adaptive" counts go by.
std::int64_t outlier_count(std::span<const float> values);

/// Ascending indices: the raster order that most methods emit.
std::vector<std::int64_t> raster(std::vector<std::int64_t> indices);

}  // namespace litebench::prune
