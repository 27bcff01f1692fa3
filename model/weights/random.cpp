#include "model/weights/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "base/hash.hpp"
#include "kernels/random/philox.hpp"
#include "model/checkpoint/number_formats.hpp"

namespace litebench::model {
namespace {

constexpr std::int64_t kPerBlock = 4;  // numbers of one Philox block

/// A uniform draw has a standard deviation of half_width / sqrt(3).
UniformRange with_deviation(double deviation) {
  return {.half_width = static_cast<float>(deviation * std::sqrt(3.0))};
}

/// Integers of 24 bits, centred and scaled in float32: one exact conversion, two IEEE operations, so every device gives
/// the same bits.
class Uniform {
 public:
  explicit Uniform(UniformRange range)
      : centre_(range.centre), scale_(range.half_width / (1 << 23)) {}
  float operator()(std::uint32_t bits) const {
    const auto integer = static_cast<std::int32_t>(bits >> 8) - (1 << 23);
    return centre_ + static_cast<float>(integer) * scale_;
  }

 private:
  float centre_, scale_;
};

template <class T, class Convert>
void fill(at::Tensor& tensor, std::uint64_t key, const Uniform& uniform, Convert convert) {
  auto* values = static_cast<T*>(tensor.data_ptr());
  const auto count = tensor.numel();
  constexpr std::int64_t kGrain = std::int64_t{1} << 14;
  at::parallel_for(0, (count + kPerBlock - 1) / kPerBlock, kGrain, [&](auto begin, auto end) {
    for (auto block = begin; block < end; ++block) {
      const auto bits = kernels::philox4x32(static_cast<std::uint64_t>(block), key);
      std::array<T, kPerBlock> four;
      for (std::size_t i = 0; i < four.size(); ++i) four[i] = convert(uniform(bits[i]));
      const auto here = std::min(kPerBlock, count - block * kPerBlock);
      std::memcpy(values + block * kPerBlock, four.data(),
                  static_cast<std::size_t>(here) * sizeof(T));
    }
  });
}

}  // namespace

UniformRange random_range(const TensorSpec& spec) {
  const std::string_view name = spec.name;
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (name.ends_with(".bias")) return with_deviation(0.02);
  if (name.ends_with(".weight") && spec.shape.size() == 1) return {.centre = 1, .half_width = 0.1F};
  if (has("gaussian_matrix")) return with_deviation(1);  // SAM draws it from N(0, 1)
  if (has("rel_pos_") || has("position_embedding") || has("pos_embed")) return with_deviation(0.1);
  if (has("embed") && !has("patch_embed")) return with_deviation(0.5);
  if (name.ends_with("iou_token.weight") || name.ends_with("mask_tokens.weight"))
    return with_deviation(0.5);
  // Transposed convolutions store [in, out, 2, 2] and, with stride 2, add up `in` products an output.
  const bool transposed = has("output_upscaling");
  std::int64_t fan_in = transposed ? spec.shape[0] : 1;
  if (!transposed)
    for (std::size_t i = 1; i < spec.shape.size(); ++i) fan_in *= spec.shape[i];
  return with_deviation(1 / std::sqrt(static_cast<double>(fan_in)));
}

at::Tensor random_tensor(const TensorSpec& spec, std::string_view geometry_name,
                         at::ScalarType dtype, at::Device device) {
  const auto key = hash64(spec.name, hash64(geometry_name));
  const Uniform uniform(random_range(spec));
  // Made on the host and copied: a tensor at a time, so glamm-7b needs at most 0.5 GB of host memory for it.
  if (dtype == at::kBFloat16) {
    auto tensor = at::empty(spec.shape, at::kBFloat16);
    fill<std::uint16_t>(tensor, key, uniform, float_to_bf16);
    return tensor.to(device);
  }
  auto tensor = at::empty(spec.shape, at::kFloat);
  fill<float>(tensor, key, uniform, [](float value) { return value; });
  return tensor.to(device, dtype);
}

}  // namespace litebench::model
