#pragma once
// LiteLVLM's selection on host scores, apart from how the scores are made (upstream.md §4.5,
// pruners.md §5.1).

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/select/stable_topk.hpp"

namespace litebench::prune {

/// `sim[q]`: similarities of text q. `context`: scores, largest first wins. Emits [context by
/// score][similarity ascending].
struct LiteLvlmScores {
  std::vector<std::span<const float>> sim;    ///< Q rows of `patches`
  std::vector<std::int64_t> context_order;    ///< all patches, best first
  kernels::Ties ties = kernels::Ties::lower;  ///< of the similarities
};

/// As released: per text the ⌊N/Q⌋ least similar patches; their union, filled up with the best
/// context patches.
std::vector<std::int64_t> select_union(const LiteLvlmScores& scores, std::int64_t tokens);

/// As in the paper: patches that are among the N least similar of every text (N/2 for one text),
/// filled likewise.
std::vector<std::int64_t> select_intersection(const LiteLvlmScores& scores, std::int64_t tokens);

}  // namespace litebench::prune
