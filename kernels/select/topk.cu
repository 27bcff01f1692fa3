// Ranks by counting: every thread owns one score and counts those that go before it. That is n² comparisons, but for the
// few hundred patches of a picture they are done sooner than a sort has started its second pass, and places are
// unique, so no thread waits for another.

#include <cuda_runtime_api.h>

#include "kernels/select/better.hpp"
#include "kernels/select/topk_cuda.hpp"

namespace litebench::kernels {
namespace {

constexpr int kThreads = 128;
constexpr std::int64_t kMostRows = 65'535;  // blocks in the second dimension

__global__ void topk(TopkLaunch launch) {
  __shared__ float part[kThreads];
  const float* scores = launch.scores + blockIdx.y * launch.n;
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const float own = i < launch.n ? scores[i] : 0.0F;
  std::int64_t place = 0;
  for (std::int64_t first = 0; first < launch.n; first += kThreads) {
    const std::int64_t left = launch.n - first, count = left < kThreads ? left : kThreads;
    __syncthreads();  // before others overwrite what this thread still reads
    if (threadIdx.x < count) part[threadIdx.x] = scores[first + threadIdx.x];
    __syncthreads();
    place += how_many_before(part, first, count, own, i, launch.best, launch.ties);
  }
  if (i < launch.n && place < launch.k) launch.out[blockIdx.y * launch.k + place] = i;
}

}  // namespace

int launch_topk(const TopkLaunch& launch, CUstream_st* stream) {
  if (launch.rows == 0 || launch.k == 0) return cudaSuccess;
  if (launch.k < 0 || launch.k > launch.n || launch.rows < 0 || launch.rows > kMostRows) {
    return cudaErrorInvalidValue;
  }
  const auto blocks = static_cast<unsigned>((launch.n + kThreads - 1) / kThreads);
  topk<<<dim3(blocks, static_cast<unsigned>(launch.rows)), kThreads, 0, stream>>>(launch);
  return cudaGetLastError();
}

}  // namespace litebench::kernels
