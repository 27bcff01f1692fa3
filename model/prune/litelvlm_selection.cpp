#include "model/prune/litelvlm_selection.hpp"

#include <algorithm>
#include <cassert>

#include "kernels/select/stable_topk.hpp"

namespace litebench::prune {
namespace {

/// How many texts have each patch among their `k` least similar ones.
std::vector<std::int64_t> votes(const LiteLvlmScores& scores, std::int64_t k) {
  std::vector<std::int64_t> count(scores.context_order.size(), 0);
  for (const std::span<const float> row : scores.sim) {
    for (const std::int64_t patch :
         kernels::stable_topk(row, k, kernels::Best::smallest, scores.ties)) {
      ++count[static_cast<std::size_t>(patch)];
    }
  }
  return count;
}

/// The best context patches outside the set until `tokens` are reached, then the set by ascending
/// index.
std::vector<std::int64_t> filled(const LiteLvlmScores& scores, const std::vector<bool>& in_set,
                                 std::int64_t tokens) {
  std::int64_t missing = tokens - std::count(in_set.begin(), in_set.end(), true);
  std::vector<std::int64_t> kept;
  for (const std::int64_t patch : scores.context_order) {
    if (missing == 0) break;
    if (in_set[static_cast<std::size_t>(patch)]) continue;
    kept.push_back(patch);
    --missing;
  }
  for (std::size_t patch = 0; patch < in_set.size(); ++patch) {
    if (in_set[patch]) kept.push_back(static_cast<std::int64_t>(patch));
  }
  assert(static_cast<std::int64_t>(kept.size()) == tokens);
  return kept;
}

}  // namespace

std::vector<std::int64_t> select_union(const LiteLvlmScores& scores, std::int64_t tokens) {
  const auto texts = static_cast<std::int64_t>(scores.sim.size());
  std::vector<bool> in_set;
  for (const std::int64_t count : votes(scores, tokens / texts)) in_set.push_back(count > 0);
  return filled(scores, in_set, tokens);
}

std::vector<std::int64_t> select_intersection(const LiteLvlmScores& scores, std::int64_t tokens) {
  const auto texts = static_cast<std::int64_t>(scores.sim.size());
  std::vector<bool> in_set;
  for (const std::int64_t count : votes(scores, texts == 1 ? tokens / 2 : tokens)) {
    in_set.push_back(count == texts);
  }
  return filled(scores, in_set, tokens);
}

}  // namespace litebench::prune
