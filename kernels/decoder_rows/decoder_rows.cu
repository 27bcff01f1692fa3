// All three wait for memory: elements go once through a thread in packs of 16 bytes. RMSNorm reads a row twice, the
// second time from cache.

#include <cuda_runtime_api.h>

#include <initializer_list>
#include <limits>

#include "kernels/decoder_rows/decoder_rows_cuda.hpp"
#include "kernels/decoder_rows/rms_norm.hpp"
#include "kernels/decoder_rows/rotary.hpp"
#include "kernels/decoder_rows/swiglu.hpp"

namespace litebench::kernels {
namespace {

constexpr int kWarp = 32, kThreads = 256, kNormWarps = kNormThreads / kWarp;
constexpr std::int64_t kMostBlocks = std::numeric_limits<std::int32_t>::max();

/// Sum over groups of `lanes` neighbours, in all of them.
__device__ float sum_of(float share, int lanes) {
  for (int distance = lanes / 2; distance > 0; distance /= 2) {
    share += __shfl_xor_sync(0xFFFF'FFFFU, share, distance);
  }
  return share;
}

/// One row a block.
template <typename T>
__global__ void __launch_bounds__(kNormThreads) rms_norm(RmsNormLaunch launch) {
  __shared__ float of_warp[kNormWarps];
  const std::int64_t packs = launch.width / Pack<T>::kCount, begin = blockIdx.x * packs;
  const auto* x = static_cast<const Pack<T>*>(launch.x) + begin;
  const auto* weight = static_cast<const Pack<T>*>(launch.weight);
  auto* out = static_cast<Pack<T>*>(launch.out) + begin;
  const auto thread = static_cast<int>(threadIdx.x);
  const float of_own_warp = sum_of(squares_of(x, packs, thread), kWarp);
  if (thread % kWarp == 0) of_warp[thread / kWarp] = of_own_warp;
  __syncthreads();
  const float sum = sum_of(of_warp[thread % kNormWarps], kNormWarps);
  const float factor = norm_factor(sum, launch.width, launch.eps);
  for (std::int64_t i = thread; i < packs; i += kNormThreads) {
    out[i] = normed(x[i], weight[i], factor);
  }
}

/// One row of queries or of keys a block.
template <typename T>
__global__ void __launch_bounds__(kThreads) rotary(RotaryLaunch launch) {
  const auto half = static_cast<std::int32_t>(launch.head_dim / 2 / Pack<T>::kCount),
             heads = static_cast<std::int32_t>(launch.heads);
  const std::int64_t row = blockIdx.x, begin = row * 2 * half * heads;
  const bool keys = blockIdx.y == 1;  // an index into the arguments would copy them to the stack
  const auto* in = static_cast<const Pack<T>*>(keys ? launch.in[1] : launch.in[0]) + begin;
  auto* out = static_cast<Pack<T>*>(keys ? launch.out[1] : launch.out[0]) + begin;
  const auto* cos = static_cast<const Pack<T>*>(launch.cos) + row * half;
  const auto* sin = static_cast<const Pack<T>*>(launch.sin) + row * half;
  for (auto i = static_cast<std::int32_t>(threadIdx.x); i < heads * half; i += kThreads) {
    const RotaryPlace place = rotary_place(i, half);
    Pack<T> low = in[place.low], high = in[place.high];
    rotate(low, high, cos[place.angle], sin[place.angle]);
    out[place.low] = low;
    out[place.high] = high;
  }
}

/// One pack a thread.
template <typename T>
__global__ void __launch_bounds__(kThreads) gate_rows(SwigluLaunch launch) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= launch.count / Pack<T>::kCount) return;
  static_cast<Pack<T>*>(launch.out)[i] = swiglu(static_cast<const Pack<T>*>(launch.gate)[i],
                                                static_cast<const Pack<T>*>(launch.up)[i]);
}

std::int64_t pack_of(Element element) {
  return element == Element::fp32 ? Pack<float>::kCount : Pack<Bf16>::kCount;
}

bool aligned(std::initializer_list<const void*> pointers) {
  for (const void* pointer : pointers) {
    if (reinterpret_cast<std::uintptr_t>(pointer) % sizeof(Pack<float>) != 0) return false;
  }
  return true;
}

/// Whether `size` elements are whole packs.
bool whole(std::int64_t size, Element element) { return size > 0 && size % pack_of(element) == 0; }

}  // namespace

int launch_rms_norm(const RmsNormLaunch& launch, CUstream_st* stream) {
  if (launch.rows == 0) return cudaSuccess;
  if (launch.rows < 0 || launch.rows > kMostBlocks || !whole(launch.width, launch.element) ||
      !aligned({launch.x, launch.weight, launch.out})) {
    return cudaErrorInvalidValue;
  }
  const auto blocks = static_cast<unsigned>(launch.rows);
  if (launch.element == Element::fp32) {
    rms_norm<float><<<blocks, kNormThreads, 0, stream>>>(launch);
  } else {
    rms_norm<Bf16><<<blocks, kNormThreads, 0, stream>>>(launch);
  }
  return cudaGetLastError();
}

int launch_rotary(const RotaryLaunch& launch, CUstream_st* stream) {
  if (launch.rows == 0) return cudaSuccess;
  if (launch.rows < 0 || launch.rows > kMostBlocks || launch.heads < 1 || launch.head_dim < 1 ||
      launch.heads > kMostBlocks / launch.head_dim || launch.head_dim % 2 != 0 ||
      !whole(launch.head_dim / 2, launch.element) ||
      !aligned(
          {launch.in[0], launch.in[1], launch.out[0], launch.out[1], launch.cos, launch.sin})) {
    return cudaErrorInvalidValue;
  }
  const dim3 blocks(static_cast<unsigned>(launch.rows), 2);
  if (launch.element == Element::fp32) {
    rotary<float><<<blocks, kThreads, 0, stream>>>(launch);
  } else {
    rotary<Bf16><<<blocks, kThreads, 0, stream>>>(launch);
  }
  return cudaGetLastError();
}

int launch_swiglu(const SwigluLaunch& launch, CUstream_st* stream) {
  if (launch.count == 0) return cudaSuccess;
  if (!whole(launch.count, launch.element) ||
      launch.count / pack_of(launch.element) / kThreads >= kMostBlocks ||
      !aligned({launch.gate, launch.up, launch.out})) {
    return cudaErrorInvalidValue;
  }
  const std::int64_t per_block = kThreads * pack_of(launch.element);
  const auto blocks = static_cast<unsigned>((launch.count + per_block - 1) / per_block);
  if (launch.element == Element::fp32) {
    gate_rows<float><<<blocks, kThreads, 0, stream>>>(launch);
  } else {
    gate_rows<Bf16><<<blocks, kThreads, 0, stream>>>(launch);
  }
  return cudaGetLastError();
}

}  // namespace litebench::kernels
