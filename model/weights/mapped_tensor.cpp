#include "model/weights/mapped_tensor.hpp"

#include <atomic>
#include <cstring>

#include <ATen/Parallel.h>
#include <ATen/ops/all.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/isfinite.h>

#include "base/error.hpp"

namespace litebench::model {
namespace {

/// The tensor as it lies in the file.
at::Tensor view_of(const TensorInfo& info, const std::shared_ptr<const void>& owner) {
  const auto options = at::TensorOptions().dtype(scalar_type_of(info.dtype));
  if (info.bytes.empty()) return at::empty(info.shape, options);
  auto* start = const_cast<std::byte*>(info.bytes.data());
  // Formats promise no alignment; LibTorch's kernels want that of the element.
  if (reinterpret_cast<std::uintptr_t>(start) % size_of(info.dtype) != 0) {
    const auto copy = at::empty({static_cast<std::int64_t>(info.bytes.size())}, at::kByte);
    std::memcpy(copy.data_ptr(), start, info.bytes.size());
    return at::from_blob(
        copy.data_ptr(), info.shape, info.strides, [copy](void*) {}, options);
  }
  return at::from_blob(
      start, info.shape, info.strides, [owner](void*) {}, options);
}

/// An exponent of all ones marks NaN and infinity. No early exit, so that the loop is vectorised.
template <class T, T kExponent>
bool finite_bits(const at::Tensor& tensor) {
  const auto* bits = static_cast<const T*>(tensor.const_data_ptr());
  constexpr std::int64_t kGrain = std::int64_t{1} << 18;
  std::atomic<bool> finite = true;
  at::parallel_for(0, tensor.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    T found = 0;
    for (auto i = begin; i < end; ++i) found |= static_cast<T>((bits[i] & kExponent) == kExponent);
    if (found != 0) finite.store(false, std::memory_order_relaxed);
  });
  return finite;
}

}  // namespace

at::ScalarType scalar_type_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return at::kDouble;
    case DType::f32: return at::kFloat;
    case DType::f16: return at::kHalf;
    case DType::bf16: return at::kBFloat16;
    case DType::i64: return at::kLong;
    case DType::i32: return at::kInt;
    case DType::i16: return at::kShort;
    case DType::i8: return at::kChar;
    case DType::u8: return at::kByte;
    case DType::boolean: return at::kBool;
  }
  return at::ScalarType::Undefined;
}

at::Tensor tensor_of(const TensorInfo& info, const std::shared_ptr<const void>& owner,
                     at::ScalarType dtype, at::Device device) {
  return view_of(info, owner).to(device, dtype).contiguous();
}

void copy_to(const TensorInfo& info, const std::shared_ptr<const void>& owner,
             const at::Tensor& target) {
  target.copy_(view_of(info, owner));
}

bool all_finite(const at::Tensor& tensor) {
  if (tensor.device().is_cpu() && tensor.is_contiguous()) {
    switch (tensor.scalar_type()) {
      case at::kFloat: return finite_bits<std::uint32_t, 0x7f800000U>(tensor);
      case at::kBFloat16: return finite_bits<std::uint16_t, 0x7f80>(tensor);
      case at::kHalf: return finite_bits<std::uint16_t, 0x7c00>(tensor);
      default: break;
    }
  }
  return at::isfinite(tensor).all().item<bool>();
}

}  // namespace litebench::model
