#pragma once
// What every reader of tensors promises about what it accepts: sorted names, and bytes that hold all elements.

#include <cstdlib>
#include <vector>

#include "model/checkpoint/dense_stream.hpp"
#include "model/checkpoint/tensor_source.hpp"

namespace litebench::model {

inline void require(bool condition) {
  if (!condition) std::abort();
}

/// Reads every byte of the view and, for tensors small enough, every element through its strides.
inline void walk(const std::vector<TensorInfo>& tensors) {
  constexpr std::int64_t kMostElements = 1 << 16;
  volatile unsigned sum = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& tensor = tensors[i];
    require(i == 0 || tensors[i - 1].name < tensor.name);
    require(tensor.shape.size() == tensor.strides.size() && tensor.numel() >= 0);
    for (const auto byte : tensor.bytes) sum = sum + static_cast<unsigned>(byte);
    if (tensor.numel() > kMostElements) continue;
    std::size_t seen = 0;
    const auto dtype = is_floating(tensor.dtype) ? DType::bf16 : tensor.dtype;
    stream_dense(tensor, dtype, [&](std::span<const std::byte> bytes) { seen += bytes.size(); });
    require(seen == static_cast<std::size_t>(tensor.numel()) * size_of(dtype));
  }
}

}  // namespace litebench::model
