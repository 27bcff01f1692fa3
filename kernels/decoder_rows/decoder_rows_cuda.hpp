#pragma once
// What a decoder layer does between its matrix products, one launch each, on a device: RMSNorm, rotary embedding of queries and
// keys together, SiLU · up. Not run on a GPU so far.

#include <cstdint>

#include "kernels/decoder_rows/element.hpp"

struct CUstream_st;

namespace litebench::kernels {

// Pointers are to the device's memory, contiguous and aligned to 16 bytes; all elements are of one type, and a row (of
// rotary: half a head) is a multiple of 16 bytes. An output may be its input. rows below 2^31.

struct RmsNormLaunch {
  const void* x;       ///< [rows, width]
  const void* weight;  ///< [width]
  void* out;           ///< [rows, width]
  std::int64_t rows, width;
  float eps;
  Element element;
};

struct RotaryLaunch {
  const void* in[2];      ///< queries and keys: [rows, heads, head_dim] each
  void* out[2];           ///< the same shapes
  const void *cos, *sin;  ///< [rows, head_dim / 2]
  std::int64_t rows, heads, head_dim;
  Element element;
};

struct SwigluLaunch {
  const void *gate, *up;  ///< [count]
  void* out;              ///< [count]
  std::int64_t count;
  Element element;
};

/// Queue the work on a stream; give CUDA's error code, 0 for none.
int launch_rms_norm(const RmsNormLaunch& launch, CUstream_st* stream);
int launch_rotary(const RotaryLaunch& launch, CUstream_st* stream);
int launch_swiglu(const SwigluLaunch& launch, CUstream_st* stream);

}  // namespace litebench::kernels
