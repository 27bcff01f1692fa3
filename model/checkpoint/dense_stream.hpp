#pragma once
// A tensor's elements in row-major order and in another dtype, a piece at a time.

#include "model/checkpoint/safetensors_writer.hpp"
#include "model/checkpoint/tensor_source.hpp"

namespace litebench::model {

bool is_floating(DType dtype);

/// Hands the elements of `tensor` to `sink` as `dtype`, rounding to nearest even. Dtypes that differ must both be
/// floating, and the wanted one one of f32, bf16, f16.
void stream_dense(const TensorInfo& tensor, DType dtype, const ByteSink& sink);

}  // namespace litebench::model
