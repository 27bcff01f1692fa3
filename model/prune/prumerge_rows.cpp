#include "model/prune/prumerge_rows.hpp"

#include <algorithm>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/merge_pruner.hpp"
#include "model/prune/scores.hpp"
#include "model/prune/spacing.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;

Indices others_of(std::span<const std::int64_t> kept, std::size_t patches) {
  std::vector<bool> is_kept(patches, false);
  for (const std::int64_t patch : kept) is_kept[static_cast<std::size_t>(patch)] = true;
  Indices others;
  for (std::size_t patch = 0; patch < patches; ++patch) {
    if (!is_kept[patch]) others.push_back(static_cast<std::int64_t>(patch));
  }
  return others;
}

/// The nearest of `candidates`, nearest first; equal cosines keep the order of the list.
Indices nearest(const float* cosines, const Indices& candidates, std::int64_t count) {
  std::vector<float> scores;
  for (const std::int64_t patch : candidates) scores.push_back(cosines[patch]);
  count = std::min(count, std::ssize(candidates));
  Indices found;
  for (const std::int64_t place : kernels::stable_topk(scores, count, kernels::Best::largest)) {
    found.push_back(candidates[static_cast<std::size_t>(place)]);
  }
  return found;
}

}  // namespace

Indices prumerge_kept(std::span<const float> attention, std::int64_t attended, std::int64_t spread,
                      kernels::Ties ties) {
  Indices kept = kernels::stable_topk(attention, attended, kernels::Best::largest, ties);
  const Indices others = others_of(kept, attention.size());
  for (const std::int64_t place : spaced(spread, std::ssize(others))) {
    kept.push_back(others[static_cast<std::size_t>(place)]);
  }
  return kept;
}

std::vector<std::int64_t> prumerge_outliers(std::span<const float> attention, bool spread,
                                            kernels::Ties ties) {
  const std::int64_t count = outlier_count(attention), patches = std::ssize(attention);
  Indices kept = kernels::stable_topk(attention, count, kernels::Best::largest, ties);
  if (!spread || count == 0) return kept;
  const std::int64_t step = std::max<std::int64_t>(patches / count / 3, 1);
  const Indices attended = raster(kept);
  for (std::int64_t patch = 0; patch < patches - 1; patch += step) {
    if (!std::binary_search(attended.begin(), attended.end(), patch)) kept.push_back(patch);
  }
  return kept;
}

TokenPlan prumerge_plan(const PruMergeScores& scores, std::span<const std::int64_t> kept,
                        std::int64_t neighbours) {
  const std::size_t patches = scores.attention.size();
  const Indices others = others_of(kept, patches);
  const auto weight = [&](std::int64_t patch) {
    return scores.attention[static_cast<std::size_t>(patch)];
  };
  PlanBuilder builder(static_cast<std::int64_t>(patches));
  for (const std::int64_t centre : kept) {
    Indices candidates(kept.begin(), kept.end());
    std::erase(candidates, centre);
    candidates.insert(candidates.end(), others.begin(), others.end());
    builder.add(centre, 1);
    const float* cosines = scores.key_cosine + static_cast<std::size_t>(centre) * patches;
    for (const std::int64_t near : nearest(cosines, candidates, neighbours)) {
      builder.add(near, weight(near));
    }
    builder.end_row();
  }
  for (const std::int64_t patch : others) builder.add(patch, weight(patch));
  if (!others.empty()) builder.end_row_at_the_end();
  return std::move(builder).plan();
}

}  // namespace litebench::prune
