#include "model/llama/rotary.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/sin.h>

namespace litebench::model {

RotaryAngles rotary_angles(const LlamaGeometry& llama, std::span<const std::int64_t> positions,
                           const at::TensorOptions& like) {
  const at::TensorOptions fp32 = at::TensorOptions().dtype(at::kFloat);
  auto* data = const_cast<std::int64_t*>(positions.data());
  const at::Tensor place =
      at::from_blob(data, {static_cast<std::int64_t>(positions.size())}, at::kLong).to(at::kFloat);
  const at::Tensor exponent =
      at::arange(0, llama.head_dim(), 2, fp32) / static_cast<double>(llama.head_dim());
  const at::Tensor frequency = at::pow(llama.rope_base, exponent).reciprocal();
  // On the host: the same bits for every device.
  const at::Tensor angle = (place.unsqueeze(1) * frequency.unsqueeze(0)).unsqueeze(1);
  return {angle.cos().to(like), angle.sin().to(like)};
}

at::Tensor rotate(const at::Tensor& x, const RotaryAngles& angles) {
  const std::int64_t half = x.size(-1) / 2;
  const at::Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
  at::Tensor out = at::empty_like(x, at::MemoryFormat::Contiguous);
  at::Tensor low = out.narrow(-1, 0, half), high = out.narrow(-1, half, half);
  at::mul_out(low, a, angles.cos);
  low.sub_(b * angles.sin);
  at::mul_out(high, b, angles.cos);
  high.add_(a * angles.sin);
  return out;
}

}  // namespace litebench::model
