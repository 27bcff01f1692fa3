#pragma once
// VisionZip's plan from host scores, apart from how the scores are made (pruners.md §5.6).

#include <cstdint>
#include <span>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/token_plan.hpp"

namespace litebench::prune {

struct VisionZipScores {
  std::span<const float> attention;           ///< of CLS, [patches]
  const float* key_cosine;                    ///< of the heads' mean keys, [patches, patches]
  kernels::Ties ties = kernels::Ties::lower;  ///< of the attention
};

struct VisionZipCounts {
  std::int64_t dominant = 0;    ///< patches by attention, CLS not among them
  std::int64_t contextual = 0;  ///< at most the number of other patches
  bool cls = true;              ///< CLS is the first token
};

/// How a budget is split: ten of 64 tokens are contextual, and CLS counts as dominant.
VisionZipCounts visionzip_counts(std::int64_t tokens, bool cls);

/// [CLS] [dominant patches, raster] [contextual tokens, raster]. Contextual ones begin at evenly
/// strided patches of the rest; each is that patch plus the mean of the patches most like it.
TokenPlan visionzip_plan(const VisionZipScores& scores, const VisionZipCounts& counts);

}  // namespace litebench::prune
