#pragma once
// Rotary position embedding, half-split pairing (upstream.md §5.2).

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"

namespace litebench::model {

/// cos and sin of position · base^(−2j/head_dim), made in fp32 and rounded once to the run's dtype:
/// [n, 1, head_dim/2]. Made for the positions at hand, so there is no table that a long sequence
/// could outgrow.
struct RotaryAngles {
  at::Tensor cos, sin;
};
RotaryAngles rotary_angles(const LlamaGeometry& llama, std::span<const std::int64_t> positions,
                           const at::TensorOptions& like);

/// [n, heads, head_dim] -> the same shape: dimension j is paired with j + head_dim/2. In one pass over the rows on a CPU
/// in fp32 and bf16, else by operations; the same bits.
at::Tensor rotate(const at::Tensor& x, const RotaryAngles& angles);
at::Tensor rotate_by_operations(const at::Tensor& x, const RotaryAngles& angles);

}  // namespace litebench::model
