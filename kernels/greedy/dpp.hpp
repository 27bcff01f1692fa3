#pragma once
// Greedy maximum a posteriori of a determinantal point process (pruners.md §5.8): every pick
// enlarges the determinant of the chosen submatrix most.

#include <cstdint>
#include <vector>

namespace litebench::kernels {

/// Picks k of n items for the kernel K_ij = relevance_i · similarity_ij · relevance_j, in the order
/// of picking, by incremental Cholesky. `similarity`: [n, n] row-major, symmetric; `relevance`: n.
/// Sums in double. When the rank of K is used up the remaining gains are rounding noise: the picks
/// are still distinct, but mean nothing. Equal gains: the lowest index. O(k²n / 2).
/// Requires 0 <= k <= n.
std::vector<std::int64_t> dpp_selection(const float* similarity, const float* relevance,
                                        std::int64_t n, std::int64_t k);

}  // namespace litebench::kernels
