#pragma once
// Ranking that does not depend on the library, the device or the thread count: equal scores keep
// index order (lowest index first, unless the highest is asked for), NaN ranks last whichever end
// is wanted. Every pruning method
// selects through these two functions, because torch.topk and torch.sort promise nothing about ties
// and bf16 scores are mostly ties (upstream.md §4.5).

#include <cstdint>
#include <span>
#include <vector>

namespace litebench::kernels {

enum class Best : std::uint8_t { largest, smallest };
enum class Ties : std::uint8_t { lower, upper };  ///< which index is first among equal scores

/// All indices of `scores`, best first.
std::vector<std::int64_t> stable_argsort(std::span<const float> scores, Best best,
                                         Ties ties = Ties::lower);

/// The k best indices, best first: the first k of stable_argsort. Requires 0 <= k <= scores.size().
std::vector<std::int64_t> stable_topk(std::span<const float> scores, std::int64_t k, Best best,
                                      Ties ties = Ties::lower);

/// Raw-pointer forms: `out` holds n (argsort) or k (topk) indices. They are the CPU reference of
/// the device kernels.
void stable_argsort(const float* scores, std::int64_t n, Best best, std::int64_t* out,
                    Ties ties = Ties::lower);
void stable_topk(const float* scores, std::int64_t n, std::int64_t k, Best best, std::int64_t* out,
                 Ties ties = Ties::lower);

}  // namespace litebench::kernels
