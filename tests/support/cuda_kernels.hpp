#pragma once
// The kernels of the CUDA half on tensors, for their tests and their bench. Not run on a GPU so far.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>

#include "harness/measure/cuda_module.hpp"

namespace litebench::test {

/// The CUDA half with device 0, or why there is none.
struct Gpu {
  const cuda::Interface* module = nullptr;
  std::string reason;
};

inline Gpu find_gpu() {
  const measure::CudaAvailability available = measure::cuda_availability();
  if (available.devices == 0) return {nullptr, available.reason};
  return {&measure::load_cuda_module(*measure::find_cuda_module()), ""};
}

template <typename T>
at::Tensor on_gpu(const std::vector<T>& values, std::vector<std::int64_t> shape) {
  return at::from_blob(const_cast<T*>(values.data()), shape,
                       at::TensorOptions(c10::CppTypeToScalarType<T>::value))
      .to(c10::Device(c10::DeviceType::CUDA, 0));
}

template <typename T>
std::vector<T> on_cpu(const at::Tensor& tensor) {
  const at::Tensor here = tensor.cpu().contiguous();
  const T* data = here.const_data_ptr<T>();
  return {data, data + here.numel()};
}

inline at::Tensor empty_like_on_gpu(std::vector<std::int64_t> shape, at::ScalarType type) {
  return at::empty(shape, at::TensorOptions(c10::Device(c10::DeviceType::CUDA, 0)).dtype(type));
}

/// [rows, k] int64 from [rows, n] float.
inline at::Tensor topk(const cuda::Interface& module, const at::Tensor& scores, std::int64_t k,
                       kernels::Best best, kernels::Ties ties = kernels::Ties::lower) {
  at::Tensor out = empty_like_on_gpu({scores.size(0), k}, at::kLong);
  const kernels::TopkLaunch launch{.scores = scores.const_data_ptr<float>(),
                                   .out = out.mutable_data_ptr<std::int64_t>(),
                                   .rows = scores.size(0),
                                   .n = scores.size(1),
                                   .k = k,
                                   .best = best,
                                   .ties = ties};
  measure::check_cuda(module, module.topk(&launch), "ranking scores");
  return out;
}

inline kernels::Element element_of(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat ? kernels::Element::fp32 : kernels::Element::bf16;
}

/// x [rows, width], weight [width], float or bfloat16.
inline at::Tensor rms_norm(const cuda::Interface& module, const at::Tensor& x,
                           const at::Tensor& weight, double eps) {
  at::Tensor out = at::empty_like(x);
  const kernels::RmsNormLaunch launch{.x = x.const_data_ptr(),
                                      .weight = weight.const_data_ptr(),
                                      .out = out.mutable_data_ptr(),
                                      .rows = x.size(0),
                                      .width = x.size(1),
                                      .eps = static_cast<float>(eps),
                                      .element = element_of(x)};
  measure::check_cuda(module, module.rms_norm(&launch), "norming rows");
  return out;
}

/// Queries and keys [rows, heads, head_dim] with angles [rows, 1, head_dim / 2].
inline std::pair<at::Tensor, at::Tensor> rotary(const cuda::Interface& module, const at::Tensor& q,
                                                const at::Tensor& k, const at::Tensor& cos,
                                                const at::Tensor& sin) {
  std::pair<at::Tensor, at::Tensor> out{at::empty_like(q), at::empty_like(k)};
  const kernels::RotaryLaunch launch{
      .in = {q.const_data_ptr(), k.const_data_ptr()},
      .out = {out.first.mutable_data_ptr(), out.second.mutable_data_ptr()},
      .cos = cos.const_data_ptr(),
      .sin = sin.const_data_ptr(),
      .rows = q.size(0),
      .heads = q.size(1),
      .head_dim = q.size(2),
      .element = element_of(q)};
  measure::check_cuda(module, module.rotary(&launch), "rotating queries and keys");
  return out;
}

/// silu(gate) · up, of one shape.
inline at::Tensor swiglu(const cuda::Interface& module, const at::Tensor& gate,
                         const at::Tensor& up) {
  at::Tensor out = at::empty_like(gate);
  const kernels::SwigluLaunch launch{.gate = gate.const_data_ptr(),
                                     .up = up.const_data_ptr(),
                                     .out = out.mutable_data_ptr(),
                                     .count = gate.numel(),
                                     .element = element_of(gate)};
  measure::check_cuda(module, module.swiglu(&launch), "gating rows");
  return out;
}

/// [pictures, k] int64 from distances [pictures, n, n].
inline at::Tensor max_min(const cuda::Interface& module, const at::Tensor& distance,
                          std::int64_t k) {
  at::Tensor out = empty_like_on_gpu({distance.size(0), k}, at::kLong);
  const kernels::MaxMinLaunch launch{.distance = distance.const_data_ptr<float>(),
                                     .out = out.mutable_data_ptr<std::int64_t>(),
                                     .pictures = distance.size(0),
                                     .n = distance.size(1),
                                     .k = k};
  measure::check_cuda(module, module.max_min(&launch), "picking the farthest");
  return out;
}

/// [pictures, k] int64 from similarities [pictures, n, n] and relevances [pictures, n].
inline at::Tensor dpp(const cuda::Interface& module, const at::Tensor& similarity,
                      const at::Tensor& relevance, std::int64_t k) {
  const std::int64_t pictures = similarity.size(0), n = similarity.size(1);
  at::Tensor out = empty_like_on_gpu({pictures, k}, at::kLong);
  at::Tensor rows = empty_like_on_gpu({pictures, k, n}, at::kDouble);
  const kernels::DppLaunch launch{.similarity = similarity.const_data_ptr<float>(),
                                  .relevance = relevance.const_data_ptr<float>(),
                                  .rows = rows.mutable_data_ptr<double>(),
                                  .out = out.mutable_data_ptr<std::int64_t>(),
                                  .pictures = pictures,
                                  .n = n,
                                  .k = k};
  measure::check_cuda(module, module.dpp(&launch), "picking by determinants");
  return out;
}

/// [pictures, keep] int64 from similarities [pictures, n, n] and lists [pictures, length] int64.
inline at::Tensor parity_halving(const cuda::Interface& module, const at::Tensor& similarity,
                                 const at::Tensor& list, std::int64_t keep, std::int64_t step) {
  at::Tensor out = empty_like_on_gpu({list.size(0), keep}, at::kLong);
  const kernels::ParityHalvingLaunch launch{.similarity = similarity.const_data_ptr<float>(),
                                            .list = list.const_data_ptr<std::int64_t>(),
                                            .out = out.mutable_data_ptr<std::int64_t>(),
                                            .pictures = list.size(0),
                                            .n = similarity.size(1),
                                            .length = list.size(1),
                                            .keep = keep,
                                            .step = step};
  measure::check_cuda(module, module.parity_halving(&launch), "removing near-duplicates");
  return out;
}

/// The rows `index` [rows] int64 of every table [in_rows, …].
inline std::vector<at::Tensor> gather_rows(const cuda::Interface& module,
                                           const std::vector<at::Tensor>& tables,
                                           const at::Tensor& index) {
  std::vector<at::Tensor> out;
  kernels::GatherRowsLaunch launch{.count = static_cast<int>(tables.size()),
                                   .index = index.const_data_ptr<std::int64_t>(),
                                   .rows = index.size(0),
                                   .in_rows = tables.empty() ? 0 : tables[0].size(0)};
  for (const at::Tensor& table : tables) {
    std::vector<std::int64_t> shape = table.sizes().vec();
    shape[0] = index.size(0);
    out.push_back(at::empty(shape, table.options()));
    launch.tables[out.size() - 1] = {
        .in = static_cast<const kernels::Sixteen*>(table.const_data_ptr()),
        .out = static_cast<kernels::Sixteen*>(out.back().mutable_data_ptr()),
        .packs = static_cast<std::int64_t>(out.back().nbytes() / sizeof(kernels::Sixteen)) /
                 index.size(0)};
  }
  measure::check_cuda(module, module.gather_rows(&launch), "gathering rows");
  return out;
}

struct GpuMasks {
  at::Tensor totals;  ///< [masks, 6] int64: MaskTotals
  at::Tensor drawn;   ///< [masks, height, width] uint8, if wanted
};

/// `logits` [masks, L, L] float, `targets` [?, height, width] uint8, `target_of` [masks] int32.
inline GpuMasks score_masks(const cuda::Interface& module, const kernels::MaskFrame& frame,
                            const at::Tensor& logits, const at::Tensor& targets,
                            const at::Tensor& target_of, bool draw) {
  static_assert(sizeof(kernels::MaskTotals) == 6 * sizeof(std::int64_t));
  GpuMasks out{empty_like_on_gpu({logits.size(0), 6}, at::kLong), {}};
  if (draw) out.drawn = empty_like_on_gpu({logits.size(0), frame.height, frame.width}, at::kByte);
  const kernels::MaskScoreLaunch launch{
      .grid = kernels::grid_of(frame),
      .masks = logits.size(0),
      .logits = logits.const_data_ptr<float>(),
      .targets = targets.const_data_ptr<std::uint8_t>(),
      .target_of = target_of.const_data_ptr<std::int32_t>(),
      .drawn = draw ? out.drawn.mutable_data_ptr<std::uint8_t>() : nullptr,
      .totals = static_cast<kernels::MaskTotals*>(out.totals.mutable_data_ptr())};
  measure::check_cuda(module, module.mask_scores(&launch), "scoring masks");
  return out;
}

inline std::vector<kernels::MaskTotals> totals_of(const GpuMasks& masks) {
  const at::Tensor here = masks.totals.cpu();
  const auto* data = static_cast<const kernels::MaskTotals*>(here.const_data_ptr());
  return {data, data + here.size(0)};
}

/// Taps in the device's memory.
class GpuTaps {
 public:
  explicit GpuTaps(const kernels::Taps& taps)
      : first_(on_gpu(taps.first, {std::ssize(taps.first)})),
        count_(on_gpu(taps.count, {std::ssize(taps.count)})),
        weights_(on_gpu(taps.weights, {std::ssize(taps.weights)})),
        stride_(taps.stride) {}

  /// [outer, positions, inner] from [outer, in, inner], uint8.
  [[nodiscard]] at::Tensor apply(const cuda::Interface& module, const at::Tensor& in) const {
    at::Tensor out = empty_like_on_gpu({in.size(0), first_.size(0), in.size(2)}, at::kByte);
    const kernels::ResamplePass pass{.in = in.const_data_ptr<std::uint8_t>(),
                                     .out = out.mutable_data_ptr<std::uint8_t>(),
                                     .outer = in.size(0),
                                     .in_positions = in.size(1),
                                     .positions = first_.size(0),
                                     .inner = in.size(2),
                                     .first = first_.const_data_ptr<std::int32_t>(),
                                     .count = count_.const_data_ptr<std::int32_t>(),
                                     .weights = weights_.const_data_ptr<std::int32_t>(),
                                     .stride = stride_};
    measure::check_cuda(module, module.resample(&pass), "resizing pictures");
    return out;
  }

 private:
  at::Tensor first_, count_, weights_;
  std::int64_t stride_;
};

/// [pictures, height, width, channels] from [pictures, h, w, channels], uint8, with the taps of rows and columns.
inline at::Tensor resample(const cuda::Interface& module, const at::Tensor& pictures,
                           const GpuTaps& across, const GpuTaps& down) {
  const std::int64_t n = pictures.size(0), h = pictures.size(1), channels = pictures.size(3);
  const at::Tensor rows =
      across.apply(module, pictures.reshape({n * h, pictures.size(2), channels}));
  const at::Tensor columns = down.apply(module, rows.reshape({n, h, rows.size(1) * channels}));
  return columns.reshape({n, columns.size(1), rows.size(1), channels});
}

}  // namespace litebench::test
