#pragma once
// SparseVLM's raters and recycling, apart from its budgets (pruners.md §6.3, §6.4).

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// Text rows after the image that visual tokens are most like, by the input embeddings: those whose
/// share of softmax_text(visual · textᵀ), mean over visual tokens, is above the mean. Places in
/// `text`, ascending; all when every share is the same. visual [V, d], text [T, d].
std::vector<std::int64_t> raters_of(const at::Tensor& visual, const at::Tensor& text);

/// The same as live rows.
std::vector<std::int64_t> rater_rows(const LayerView& view);

/// Of `dropped` tokens ⌊0.3 · dropped⌋ + 1 are recycled, into a tenth as many clusters, + 1.
std::int64_t recycled_count(std::int64_t dropped);
std::int64_t recycled_clusters(std::int64_t dropped);

/// The `kept` best rows in the order they stand, then the means of the clusters that the best of
/// the others form. states [V, d], scores [V].
TokenPlan keep_and_recycle(const at::Tensor& states, const at::Tensor& scores, std::int64_t kept);

}  // namespace litebench::prune
