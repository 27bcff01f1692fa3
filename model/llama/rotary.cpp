#include "model/llama/rotary.hpp"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/sin.h>

#include "kernels/decoder_rows/rotary.hpp"

namespace litebench::model {
namespace {

constexpr std::int64_t kPairsPerThread =
    16384;  // fewer are rotated before a second thread has woken

/// T: how the kernel sees an element.
template <typename T>
at::Tensor rotate_rows(const at::Tensor& x, const RotaryAngles& angles) {
  at::Tensor out = at::empty_like(x);
  const std::int64_t heads = x.size(1), half = x.size(2) / 2;
  const auto* in = static_cast<const T*>(x.const_data_ptr());
  const auto* cos = static_cast<const T*>(angles.cos.const_data_ptr());
  const auto* sin = static_cast<const T*>(angles.sin.const_data_ptr());
  auto* to = static_cast<T*>(out.mutable_data_ptr());
  const std::int64_t rows_per_thread = std::max<std::int64_t>(1, kPairsPerThread / (heads * half));
  at::parallel_for(0, x.size(0), rows_per_thread, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * heads * 2 * half;
    kernels::rotate_rows(in + at, cos + begin * half, sin + begin * half, to + at,
                         {.rows = end - begin, .heads = heads, .half = half});
  });
  return out;
}

}  // namespace

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
  if (x.is_cpu() && x.is_contiguous() && angles.cos.is_contiguous() && angles.sin.is_contiguous()) {
    if (x.scalar_type() == at::kFloat) return rotate_rows<float>(x, angles);
    if (x.scalar_type() == at::kBFloat16) return rotate_rows<kernels::Bf16>(x, angles);
  }
  return rotate_by_operations(x, angles);
}

at::Tensor rotate_by_operations(const at::Tensor& x, const RotaryAngles& angles) {
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
