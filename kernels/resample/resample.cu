// One thread per byte: neighbouring threads read neighbouring bytes in the pass over columns and overlapping ones in the pass
// over rows. Integers throughout, so the result is Pillow's whatever the order.

#include <cuda_runtime_api.h>

#include "kernels/resample/resample_cuda.hpp"

namespace litebench::kernels {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 0x7FFF'FFFF;

__global__ void resample_pass(ResamplePass pass) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i < pass.outer * pass.positions * pass.inner) pass.out[i] = resampled(pass, i);
}

}  // namespace

int launch_resample(const ResamplePass& pass, CUstream_st* stream) {
  const std::int64_t bytes = pass.outer * pass.positions * pass.inner;
  const std::int64_t blocks = (bytes + kThreads - 1) / kThreads;
  if (bytes < 0 || blocks > kMostBlocks) return cudaErrorInvalidValue;
  if (bytes == 0) return cudaSuccess;
  resample_pass<<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(pass);
  return cudaGetLastError();
}

}  // namespace litebench::kernels
