// One block selects for one picture: a pick depends on all earlier ones, so what a launch per step would cost is most of the time,
// and a barrier within a block costs a hundredth of a launch.

#include <cuda_runtime_api.h>

#include "kernels/greedy/dpp_block.hpp"
#include "kernels/greedy/greedy_cuda.hpp"
#include "kernels/greedy/max_min_block.hpp"
#include "kernels/greedy/parity_halving_block.hpp"

namespace litebench::kernels {
namespace {

constexpr std::int32_t kThreads = 1024;  // 576 patches: one each, and nobody waits for a second
constexpr std::int64_t kMostPictures = 0x7FFF'FFFF;

struct DeviceBlock {
  LB_HOST_DEVICE static constexpr std::int32_t threads() { return kThreads; }
  template <typename Phase>
  __device__ static void each(const Phase& phase) {
    phase(static_cast<std::int32_t>(threadIdx.x));
    __syncthreads();
  }
};

__global__ void __launch_bounds__(kThreads) max_min(MaxMinLaunch launch) {
  __shared__ float score[kMostGreedyItems];
  __shared__ bool taken[kMostGreedyItems];
  __shared__ Candidate<float> best[kThreads];
  __shared__ TwoSmallest parts[kThreads];
  const std::int64_t picture = blockIdx.x, n = launch.n, k = launch.k;
  DeviceBlock block;
  max_min_block(block, launch.distance + picture * n * n, static_cast<std::int32_t>(n),
                static_cast<std::int32_t>(k), {score, taken, best}, parts,
                launch.out + picture * k);
}

__global__ void __launch_bounds__(kThreads) dpp(DppLaunch launch) {
  __shared__ double score[kMostGreedyItems];
  __shared__ bool taken[kMostGreedyItems];
  __shared__ Candidate<double> best[kThreads];
  const std::int64_t picture = blockIdx.x, n = launch.n, k = launch.k;
  DeviceBlock block;
  dpp_block(block, launch.similarity + picture * n * n, launch.relevance + picture * n,
            static_cast<std::int32_t>(n), static_cast<std::int32_t>(k), {score, taken, best},
            launch.rows + picture * k * n, launch.out + picture * k);
}

__global__ void __launch_bounds__(kThreads) parity(ParityHalvingLaunch launch) {
  __shared__ std::int32_t list[kMostGreedyItems], next[kMostGreedyItems];
  __shared__ float closest[kMostGreedyItems / 2], parts[kThreads];
  const std::int64_t picture = blockIdx.x, n = launch.n;
  // Not more than there are in a list, so that it fits the type.
  const std::int64_t step = launch.step < launch.length ? launch.step : launch.length;
  DeviceBlock block;
  parity_halving_block(block, launch.similarity + picture * n * n, static_cast<std::int32_t>(n),
                       launch.list + picture * launch.length,
                       static_cast<std::int32_t>(launch.length),
                       static_cast<std::int32_t>(launch.keep), static_cast<std::int32_t>(step),
                       {list, next, closest, parts}, launch.out + picture * launch.keep);
}

/// Whether k of n items of each picture can be picked.
bool possible(std::int64_t pictures, std::int64_t n, std::int64_t k) {
  return 0 <= pictures && pictures <= kMostPictures && 0 <= k && k <= n && n <= kMostGreedyItems;
}

/// One block for each picture.
template <typename Launch>
int queue(void (*kernel)(Launch), const Launch& launch, std::int64_t picks, CUstream_st* stream) {
  if (launch.pictures == 0 || picks == 0) return cudaSuccess;
  kernel<<<static_cast<unsigned>(launch.pictures), kThreads, 0, stream>>>(launch);
  return cudaGetLastError();
}

}  // namespace

int launch_max_min(const MaxMinLaunch& launch, CUstream_st* stream) {
  if (!possible(launch.pictures, launch.n, launch.k)) return cudaErrorInvalidValue;
  return queue(max_min, launch, launch.k, stream);
}

int launch_dpp(const DppLaunch& launch, CUstream_st* stream) {
  if (!possible(launch.pictures, launch.n, launch.k)) return cudaErrorInvalidValue;
  return queue(dpp, launch, launch.k, stream);
}

int launch_parity_halving(const ParityHalvingLaunch& launch, CUstream_st* stream) {
  if (!possible(launch.pictures, launch.n, launch.keep) || launch.length > launch.n ||
      launch.keep > launch.length || launch.step <= 0) {
    return cudaErrorInvalidValue;
  }
  return queue(parity, launch, launch.keep, stream);
}

}  // namespace litebench::kernels
