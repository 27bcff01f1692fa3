#pragma once
// Nüwa's plan before the language model from host scores, apart from how the scores are made
// (pruners.md §6.7).

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/token_plan.hpp"

namespace litebench::prune {

struct NuwaScores {
  std::span<const float> attention;           ///< of CLS, [side²]
  const float* cosine;                        ///< of the patches' mean states, [side², side²]
  kernels::Ties ties = kernels::Ties::lower;  ///< of the attention
};

/// `tokens` patches, ascending: the best by attention of the candidates, which are the best of every
/// 2 × 2 cell, as few per cell as suffice.
std::vector<std::int64_t> nuwa_survivors(std::span<const float> attention, std::int64_t side,
                                         std::int64_t tokens,
                                         kernels::Ties ties = kernels::Ties::lower);

/// One row per survivor, on its own place. The 45 % of highest attention stay themselves. The
/// others become themselves plus a mean of all patches, weighted by positive cosine and nearness on
/// the grid (0 from √280 patches on).
TokenPlan nuwa_plan(const NuwaScores& scores, std::int64_t side, std::int64_t tokens);

}  // namespace litebench::prune
