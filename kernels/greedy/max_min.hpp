#pragma once
// Greedy max–min diversity (pruners.md §5.7): every pick is the item farthest from all earlier
// picks.

#include <cstdint>
#include <vector>

namespace litebench::kernels {

/// Picks k of n items, in the order of picking. `distance`: [n, n] row-major. The first pick is the
/// item with the largest second-smallest entry of its row, the diagonal included: the one whose
/// nearest other item is farthest. Equal candidates: the lowest index. NaN is never the farthest.
/// O(n² + kn). Requires 0 <= k <= n.
std::vector<std::int64_t> max_min_selection(const float* distance, std::int64_t n, std::int64_t k);

}  // namespace litebench::kernels
