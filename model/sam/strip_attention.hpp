#pragma once
// SAM's attention over the whole grid on a CPU in fp32: strip by strip, so that scores stay in the cache and no mask is laid
// out. One block of geometry mid: 0.41 s against 0.50 s with an additive mask; in windows nothing is gained.

#include <ATen/core/Tensor.h>

#include "model/sam/relative_position.hpp"

namespace litebench::model {

/// Whether such tensors are strip_attention's: on a CPU, fp32.
bool takes_strips(const at::TensorOptions& options);

/// out = softmax(q kᵀ / √d + relative positions) v over n × n grids.
/// q, k, v, out: views [batch, heads, n², d] whose last dimension is contiguous.
void strip_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const RelativePosition& position, const at::Tensor& out);

}  // namespace litebench::model
