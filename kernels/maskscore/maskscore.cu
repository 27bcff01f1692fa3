// Every thread evaluates both interpolations for its pixels from scratch, some hundred operations a pixel: the 256 KiB of
// logits stay in cache, and nothing but counts and, where wanted, bits are written. Counts are integers,
// so the order in which blocks add them does not matter.

#include <cuda_runtime_api.h>

#include "kernels/maskscore/maskscore_cuda.hpp"

namespace litebench::kernels {
namespace {

constexpr int kThreads = 256, kWarp = 32;
constexpr std::int64_t kPixelsPerThread = 8, kMostMasks = 65'535,
                       kMostPixels = std::int64_t{1} << 30;

/// Adds a warp's 32 shares to the total.
__device__ void add(unsigned share, unsigned long long* total) {
  const unsigned sum = __reduce_add_sync(0xFFFF'FFFFU, share);
  if (threadIdx.x % kWarp == 0 && sum != 0) atomicAdd(total, sum);
}

__global__ void score(MaskScoreLaunch launch) {
  const MaskGrid& grid = launch.grid;
  const std::int64_t mask = blockIdx.y, pixels = std::int64_t{grid.height} * grid.width;
  const std::int64_t target = launch.target_of == nullptr ? mask : launch.target_of[mask];
  const MaskCounts<std::uint32_t> share =
      count_share(grid, launch.logits + mask * grid.low_res * grid.low_res,
                  launch.targets == nullptr ? nullptr : launch.targets + target * pixels,
                  launch.drawn == nullptr ? nullptr : launch.drawn + mask * pixels,
                  static_cast<std::int32_t>(blockIdx.x * kThreads + threadIdx.x),
                  static_cast<std::int32_t>(gridDim.x * kThreads));
  MaskTotals& totals = launch.totals[mask];
  add(share.predicted, &totals.predicted);
  add(share.hit, &totals.hit);
  add(share.target, &totals.target);
  add(share.overlap, &totals.overlap);
  add(share.overlap_hit, &totals.overlap_hit);
  add(share.infinite, &totals.infinite);
}

}  // namespace

int launch_mask_scores(const MaskScoreLaunch& launch, CUstream_st* stream) {
  const std::int64_t pixels = std::int64_t{launch.grid.height} * launch.grid.width;
  if (launch.masks == 0) return cudaSuccess;
  if (launch.masks < 0 || launch.masks > kMostMasks || pixels < 1 || pixels > kMostPixels) {
    return cudaErrorInvalidValue;
  }
  const cudaError_t cleared = cudaMemsetAsync(
      launch.totals, 0, static_cast<std::size_t>(launch.masks) * sizeof(MaskTotals), stream);
  if (cleared != cudaSuccess) return cleared;
  constexpr std::int64_t kPerBlock = kThreads * kPixelsPerThread;
  const auto blocks = static_cast<unsigned>((pixels + kPerBlock - 1) / kPerBlock);
  score<<<dim3(blocks, static_cast<unsigned>(launch.masks)), kThreads, 0, stream>>>(launch);
  return cudaGetLastError();
}

}  // namespace litebench::kernels
