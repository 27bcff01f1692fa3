#pragma once
// stable_topk on a device: the same indices in the same order. Not run on a GPU so far.

#include <cstdint>

#include "kernels/select/stable_topk.hpp"

struct CUstream_st;

namespace litebench::kernels {

/// Pointers are to the device's memory. 0 <= k <= n; rows below 65,536.
struct TopkLaunch {
  const float* scores;  ///< [rows, n]
  std::int64_t* out;    ///< [rows, k]
  std::int64_t rows, n, k;
  Best best;
  Ties ties;
};

/// Queues the work on a stream; gives CUDA's error code, 0 for none.
int launch_topk(const TopkLaunch& launch, CUstream_st* stream);

}  // namespace litebench::kernels
