#pragma once
// HoloV's choice from host scores, apart from how the scores are made (pruners.md §5.9).

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/select/stable_topk.hpp"

namespace litebench::prune {

struct HolovScores {
  std::span<const float> attention;           ///< of CLS, mean over heads, [patches]
  const float* cosine;                        ///< of projected patches, [patches, patches]
  kernels::Ties ties = kernels::Ties::lower;  ///< of the attention
};

/// Equal parts of the raster sequence for `tokens` of `patches`: 5 at 192, 8 at 128, 16 at 64.
std::int64_t holov_segments(std::int64_t tokens, std::int64_t patches);

enum class HolovDeficit : std::uint8_t {
  missing,        ///< as released: a segment smaller than its share leaves tokens out
  redistributed,  ///< to the other segments, heaviest first
};

/// Patches segment by segment, by attention inside one. With HolovDeficit::missing there may be
/// fewer than `tokens`.
std::vector<std::int64_t> holov_choice(const HolovScores& scores, std::int64_t tokens,
                                       HolovDeficit deficit);

}  // namespace litebench::prune
