#pragma once
// What the threads of kernels/decoder_rows/decoder_rows.cu do, one after the other, on tensors in the host's memory.

#include <algorithm>
#include <array>
#include <cstdlib>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>

#include "kernels/decoder_rows/rms_norm.hpp"
#include "kernels/decoder_rows/rotary.hpp"
#include "kernels/decoder_rows/swiglu.hpp"

namespace litebench::test {

/// Calls `work` with an element of the tensor's type: float or bfloat16.
template <typename Work>
void of_type(const at::Tensor& tensor, Work&& work) {
  if (tensor.scalar_type() == at::kFloat) {
    work(float{});
  } else {
    work(kernels::Bf16{});
  }
}

template <typename T>
const kernels::Pack<T>* packs(const at::Tensor& tensor) {
  return static_cast<const kernels::Pack<T>*>(tensor.const_data_ptr());
}

template <typename T>
kernels::Pack<T>* packs_of(at::Tensor& tensor) {
  return static_cast<kernels::Pack<T>*>(tensor.mutable_data_ptr());
}

/// As shuffles add: lane i takes lane i + n/2, then i + n/4 … The first lane's sum.
template <std::size_t N>
float sum_by_halves(std::array<float, N> shares) {
  for (std::size_t half = N / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) shares[i] += shares[i + half];
  }
  return shares[0];
}

template <typename T>
float sum_of_squares(const kernels::Pack<T>* row, std::int64_t packs) {
  constexpr std::size_t kWarp = 32;
  std::array<float, kernels::kNormThreads / kWarp> warps{};
  for (std::size_t warp = 0; warp < warps.size(); ++warp) {
    std::array<float, kWarp> shares{};
    for (std::size_t lane = 0; lane < kWarp; ++lane) {
      shares[lane] = kernels::squares_of(row, packs, static_cast<int>(warp * kWarp + lane));
    }
    warps[warp] = sum_by_halves(shares);
  }
  return sum_by_halves(warps);
}

inline at::Tensor rms_norm_by_threads(const at::Tensor& x, const at::Tensor& weight, double eps) {
  at::Tensor out = at::empty_like(x);
  of_type(x, [&]<typename T>(T) {
    const std::int64_t count = x.size(1) / kernels::Pack<T>::kCount;
    for (std::int64_t row = 0; row < x.size(0); ++row) {
      const kernels::Pack<T>* own = packs<T>(x) + row * count;
      const float factor =
          kernels::norm_factor(sum_of_squares(own, count), x.size(1), static_cast<float>(eps));
      for (std::int64_t i = 0; i < count; ++i) {
        packs_of<T>(out)[row * count + i] = kernels::normed(own[i], packs<T>(weight)[i], factor);
      }
    }
  });
  return out;
}

/// x [rows, heads, head_dim], cos and sin [rows, 1, head_dim / 2].
inline at::Tensor rotary_by_threads(const at::Tensor& x, const at::Tensor& cos,
                                    const at::Tensor& sin) {
  at::Tensor out = x.clone();
  of_type(x, [&]<typename T>(T) {
    const auto half = static_cast<std::int32_t>(cos.size(2) / kernels::Pack<T>::kCount),
               pairs = static_cast<std::int32_t>(x.size(1)) * half;
    for (std::int64_t row = 0; row < x.size(0); ++row) {
      kernels::Pack<T>* own = packs_of<T>(out) + row * 2 * pairs;
      for (std::int32_t i = 0; i < pairs; ++i) {
        const kernels::RotaryPlace place = kernels::rotary_place(i, half);
        kernels::rotate(own[place.low], own[place.high], packs<T>(cos)[row * half + place.angle],
                        packs<T>(sin)[row * half + place.angle]);
      }
    }
  });
  return out;
}

inline at::Tensor swiglu_by_threads(const at::Tensor& gate, const at::Tensor& up) {
  at::Tensor out = at::empty_like(gate);
  of_type(gate, [&]<typename T>(T) {
    for (std::int64_t i = 0; i < gate.numel() / kernels::Pack<T>::kCount; ++i) {
      packs_of<T>(out)[i] = kernels::swiglu(packs<T>(gate)[i], packs<T>(up)[i]);
    }
  });
  return out;
}

/// The largest distance in steps of bfloat16 between finite values of one shape.
inline int most_steps(const at::Tensor& x, const at::Tensor& y) {
  const auto place = [](kernels::Bf16 value) {  // along the number line; both zeros are one place
    const int magnitude = value.bits & 0x7FFF;
    return (value.bits & 0x8000) != 0 ? -magnitude : magnitude;
  };
  const auto* a = static_cast<const kernels::Bf16*>(x.const_data_ptr());
  const auto* b = static_cast<const kernels::Bf16*>(y.const_data_ptr());
  int most = 0;
  for (std::int64_t i = 0; i < x.numel(); ++i)
    most = std::max(most, std::abs(place(a[i]) - place(b[i])));
  return most;
}

}  // namespace litebench::test
