#pragma once
// PruMerge's plan from host scores, apart from how the scores are made (pruners.md §5.5).

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/token_plan.hpp"

namespace litebench::prune {

struct PruMergeScores {
  std::span<const float> attention;  ///< w, [patches]; sums to less than 1
  const float* key_cosine;           ///< [patches, patches]
};

/// The `attended` patches of highest attention, then `spread` more that are evenly spaced among the
/// others in raster order.
std::vector<std::int64_t> prumerge_kept(std::span<const float> attention, std::int64_t attended,
                                        std::int64_t spread,
                                        kernels::Ties ties = kernels::Ties::lower);

/// As released, where the image decides how many: the patches whose attention is an outlier, best
/// first; with `spread` the patches 0, s, 2s, … below the last too, s = ⌊⌊1 / share of outliers⌋ /
/// 3⌋ but at least 1.
std::vector<std::int64_t> prumerge_outliers(std::span<const float> attention, bool spread,
                                            kernels::Ties ties = kernels::Ties::lower);

/// Every kept patch takes in its `neighbours` nearest others by key cosine, kept ones included,
/// each times its attention; one last row is the attention-weighted sum of all that were not kept.
TokenPlan prumerge_plan(const PruMergeScores& scores, std::span<const std::int64_t> kept,
                        std::int64_t neighbours);

}  // namespace litebench::prune
