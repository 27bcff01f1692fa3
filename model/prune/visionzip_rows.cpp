#include "model/prune/visionzip_rows.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/merge_pruner.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;

/// Position in `targets` of the one most like the patch; the first of equals.
std::size_t most_like(const float* cosines, const Indices& targets) {
  std::size_t best = 0;
  for (std::size_t t = 1; t < targets.size(); ++t) {
    if (cosines[targets[t]] > cosines[targets[best]]) best = t;
  }
  return best;
}

void add_contextual(const VisionZipScores& scores, const Indices& rest, std::int64_t count,
                    PlanBuilder& builder) {
  if (count == 0) return;
  assert(count <= std::ssize(rest));
  const std::int64_t stride = std::ssize(rest) / count;
  Indices targets;
  for (std::int64_t t = 0; t < count; ++t) {
    targets.push_back(rest[static_cast<std::size_t>(t * stride)]);
  }
  std::vector<Indices> members(targets.size());
  for (const std::int64_t patch : rest) {
    if (std::binary_search(targets.begin(), targets.end(), patch)) continue;
    const float* cosines =
        scores.key_cosine + static_cast<std::size_t>(patch) * scores.attention.size();
    members[most_like(cosines, targets)].push_back(patch);
  }
  for (std::size_t t = 0; t < targets.size(); ++t) {
    builder.add(targets[t], 1);
    for (const std::int64_t member : members[t]) {
      builder.add(member, 1.0F / static_cast<float>(members[t].size()));
    }
    builder.end_row();
  }
}

}  // namespace

VisionZipCounts visionzip_counts(std::int64_t tokens, bool cls) {
  const std::int64_t contextual = (10 * tokens + 32) / 64;
  return {.dominant = tokens - contextual - (cls ? 1 : 0), .contextual = contextual, .cls = cls};
}

TokenPlan visionzip_plan(const VisionZipScores& scores, const VisionZipCounts& counts) {
  const auto patches = std::ssize(scores.attention);
  Indices order = kernels::stable_argsort(scores.attention, kernels::Best::largest, scores.ties);
  const Indices rest = raster({order.begin() + counts.dominant, order.end()});
  order.resize(static_cast<std::size_t>(counts.dominant));
  PlanBuilder builder(patches);
  if (counts.cls) builder.select_cls();
  for (const std::int64_t patch : raster(std::move(order))) builder.select_patch(patch);
  add_contextual(scores, rest, counts.contextual, builder);
  return std::move(builder).plan();
}

}  // namespace litebench::prune
