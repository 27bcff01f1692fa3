#pragma once
// Many masks of one picture scored on a device: the integers of MaskScorer. Not run on a GPU so far.

#include <cstdint>

#include "kernels/maskscore/pixel.hpp"

struct CUstream_st;

namespace litebench::kernels {

using MaskTotals = MaskCounts<unsigned long long>;  // what atomicAdd takes

/// Pointers are to the device's memory. `masks` below 65,536, a picture below 2^30 pixels.
struct MaskScoreLaunch {
  MaskGrid grid;
  std::int64_t masks;
  const float* logits;            ///< [masks, L, L]
  const std::uint8_t* targets;    ///< [?, height, width]; null: all zero
  const std::int32_t* target_of;  ///< [masks] the target of each mask; null: mask i has target i
  std::uint8_t* drawn;            ///< [masks, height, width] of 0 and 1, or null
  MaskTotals* totals;             ///< [masks]
};

/// Queues the work on a stream; gives CUDA's error code, 0 for none.
int launch_mask_scores(const MaskScoreLaunch& launch, CUstream_st* stream);

}  // namespace litebench::kernels
