#include "model/checkpoint/dense_stream.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <vector>

#include "model/checkpoint/number_formats.hpp"

namespace litebench::model {
namespace {

constexpr std::int64_t kPiece = std::int64_t{1}
                                << 18;  // elements; buffers stay in the L2 cache's order of size

/// Walks shape and strides like nested loops, innermost dimension last.
class Odometer {
 public:
  explicit Odometer(const TensorInfo& tensor)
      : shape_(tensor.shape), strides_(tensor.strides), index_(shape_.size(), 0) {}
  std::int64_t offset() const { return offset_; }
  void advance() {
    for (std::size_t i = shape_.size(); i-- > 0;) {
      offset_ += strides_[i];
      if (++index_[i] < shape_[i]) return;
      offset_ -= shape_[i] * strides_[i];
      index_[i] = 0;
    }
  }

 private:
  const std::vector<std::int64_t>&shape_, &strides_;
  std::vector<std::int64_t> index_;
  std::int64_t offset_ = 0;
};

using Bytes = std::vector<std::byte>;

/// `to(from)` on every element; both sides may be unaligned.
template <class From, class To, class Convert>
void map_elements(std::span<const std::byte> source, Bytes& result, Convert convert) {
  const auto count = source.size() / sizeof(From);
  result.resize(count * sizeof(To));
  for (std::size_t i = 0; i < count; ++i) {
    From from;
    std::memcpy(&from, source.data() + i * sizeof(From), sizeof(From));
    const To to = convert(from);
    std::memcpy(result.data() + i * sizeof(To), &to, sizeof(To));
  }
}

template <class From, class ToFloat>
void convert_piece(std::span<const std::byte> source, DType to, Bytes& result, ToFloat to_float) {
  switch (to) {
    case DType::f32: map_elements<From, float>(source, result, to_float); break;
    case DType::bf16:
      map_elements<From, std::uint16_t>(source, result,
                                        [&](From value) { return float_to_bf16(to_float(value)); });
      break;
    case DType::f16:
      map_elements<From, std::uint16_t>(source, result,
                                        [&](From value) { return float_to_half(to_float(value)); });
      break;
    default: assert(false && "no weights have this dtype");
  }
}

void convert_piece(std::span<const std::byte> source, DType from, DType to, Bytes& result) {
  switch (from) {
    case DType::f64:
      convert_piece<double>(source, to, result, [](double v) { return static_cast<float>(v); });
      break;
    case DType::f32: convert_piece<float>(source, to, result, [](float v) { return v; }); break;
    case DType::f16: convert_piece<std::uint16_t>(source, to, result, half_to_float); break;
    case DType::bf16: convert_piece<std::uint16_t>(source, to, result, bf16_to_float); break;
    default: assert(false && "only floating tensors change their dtype");
  }
}

}  // namespace

bool is_floating(DType dtype) {
  return dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f16 || dtype == DType::f64;
}

void stream_dense(const TensorInfo& tensor, DType dtype, const ByteSink& sink) {
  const auto size = size_of(tensor.dtype);
  const auto count = tensor.numel();
  const bool dense = tensor.contiguous();
  Odometer odometer(tensor);
  Bytes gathered, converted;
  for (std::int64_t begin = 0; begin < count; begin += kPiece) {
    const auto here = static_cast<std::size_t>(std::min(kPiece, count - begin));
    std::span<const std::byte> piece;
    if (dense) {
      piece = tensor.bytes.subspan(static_cast<std::size_t>(begin) * size, here * size);
    } else {
      gathered.resize(here * size);
      for (std::size_t i = 0; i < here; ++i, odometer.advance())
        std::memcpy(gathered.data() + i * size,
                    tensor.bytes.data() + static_cast<std::size_t>(odometer.offset()) * size, size);
      piece = gathered;
    }
    if (tensor.dtype == dtype) {
      sink(piece);
    } else {
      convert_piece(piece, tensor.dtype, dtype, converted);
      sink(converted);
    }
  }
}

}  // namespace litebench::model
