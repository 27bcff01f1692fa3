#include "model/checkpoint/tensor_source.hpp"

#include <algorithm>

namespace litebench::model {

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::i64: return 8;
    case DType::f32:
    case DType::i32: return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16: return 2;
    case DType::i8:
    case DType::u8:
    case DType::boolean: return 1;
  }
  return 0;
}

std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return "float64";
    case DType::f32: return "float32";
    case DType::f16: return "float16";
    case DType::bf16: return "bfloat16";
    case DType::i64: return "int64";
    case DType::i32: return "int32";
    case DType::i16: return "int16";
    case DType::i8: return "int8";
    case DType::u8: return "uint8";
    case DType::boolean: return "bool";
  }
  return "unknown";
}

std::int64_t TensorInfo::numel() const {
  std::int64_t count = 1;
  for (const auto size : shape) count *= size;
  return count;
}

bool TensorInfo::contiguous() const {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    // Like LibTorch, the stride of a dimension of one element is of no account.
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

const TensorInfo* TensorSource::find(std::string_view name) const {
  const auto all = tensors();
  const auto at = std::ranges::lower_bound(all, name, {}, &TensorInfo::name);
  return at != all.end() && at->name == name ? &*at : nullptr;
}

}  // namespace litebench::model
