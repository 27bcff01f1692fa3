#pragma once
// The greedy selections on a device, each with all its steps in one launch: the picks of the CPU's. Not run on a GPU so far.

#include <cstdint>

struct CUstream_st;

namespace litebench::kernels {

/// Items of a picture: what the threads share must fit into a block's memory.
inline constexpr std::int64_t kMostGreedyItems = 2048;

/// Pointers are to the device's memory. 0 <= k <= n <= kMostGreedyItems.
struct MaxMinLaunch {
  const float* distance;  ///< [pictures, n, n]
  std::int64_t* out;      ///< [pictures, k] in the order of picking
  std::int64_t pictures, n, k;
};

/// As above.
struct DppLaunch {
  const float* similarity;  ///< [pictures, n, n]
  const float* relevance;   ///< [pictures, n]
  double* rows;             ///< [pictures, k, n] to work in
  std::int64_t* out;        ///< [pictures, k] in the order of picking
  std::int64_t pictures, n, k;
};

/// 0 <= keep <= length <= n <= kMostGreedyItems, 0 < step.
struct ParityHalvingLaunch {
  const float* similarity;   ///< [pictures, n, n]
  const std::int64_t* list;  ///< [pictures, length] of indices below n
  std::int64_t* out;         ///< [pictures, keep]
  std::int64_t pictures, n, length, keep, step;
};

/// Queues the work on a stream; gives CUDA's error code, 0 for none.
int launch_max_min(const MaxMinLaunch& launch, CUstream_st* stream);
int launch_dpp(const DppLaunch& launch, CUstream_st* stream);
int launch_parity_halving(const ParityHalvingLaunch& launch, CUstream_st* stream);

}  // namespace litebench::kernels
