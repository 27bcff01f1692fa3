#pragma once
// Removal of near-duplicates by bipartite matching of a list with itself (VisPruner, pruners.md
// §5.4).

#include <cstdint>
#include <vector>

namespace litebench::kernels {

/// Shrinks `list` (indices into the n items of `similarity`, [n, n] row-major) to `keep` entries.
/// Every round splits it by position into an even and an odd half, removes at most `step` of the
/// even ones — those most similar to any odd one — and goes on with the surviving even ones by
/// descending similarity followed by the odd ones. Equal similarities: the earlier position is
/// removed first. A list of odd length gives the even half one more. O(|list|³ / step).
std::vector<std::int64_t> parity_halving(const float* similarity, std::int64_t n,
                                         std::vector<std::int64_t> list, std::int64_t keep,
                                         std::int64_t step);

}  // namespace litebench::kernels
