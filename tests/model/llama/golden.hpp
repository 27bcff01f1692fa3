#pragma once
// The reference data of tests/golden/tiny (recorded from the original implementation; see its
// README) as tensors and token plans.

#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/abs.h>

#include "model/checkpoint/tensor_source.hpp"
#include "model/prune/ledger.hpp"
#include "model/prune/token_plan.hpp"
#include "model/weights/mapped_tensor.hpp"
#include "model/weights/weights.hpp"

namespace litebench::golden {

inline constexpr int kSamples = 8;
inline constexpr int kFullSamples = 2;  ///< sample_00 and sample_01 hold whole feature maps
inline const std::vector<std::string> kVariants = {"glamm", "litelvlm_576", "litelvlm_192",
                                                   "litelvlm_128", "litelvlm_64"};

inline model::LoadedModel tiny(at::ScalarType dtype = at::kFloat) {
  return model::load_model("tests/golden/tiny/glamm", "tests/golden/tiny/clip", {.dtype = dtype});
}

class Sample {
 public:
  explicit Sample(int number)
      : Sample(fmt::format("tests/golden/tiny/expected/sample_{:02}.safetensors", number)) {}
  explicit Sample(const std::string& path) : source_(model::open_checkpoint(path)) {}

  [[nodiscard]] bool has(const std::string& name) const { return source_->find(name) != nullptr; }
  [[nodiscard]] at::Tensor at(const std::string& name) const {
    const model::TensorInfo* info = source_->find(name);
    if (info == nullptr) throw std::out_of_range(name);
    return model::tensor_of(*info, source_, model::scalar_type_of(info->dtype), at::kCPU);
  }
  [[nodiscard]] std::vector<std::int64_t> ints(const std::string& name) const {
    const at::Tensor x = at(name).to(at::kLong).contiguous();
    return {x.const_data_ptr<std::int64_t>(), x.const_data_ptr<std::int64_t>() + x.numel()};
  }
  /// The patches that variant kept, in the order fed to the language model.
  [[nodiscard]] std::vector<std::int64_t> retained(const std::string& variant) const {
    if (variant != "glamm") return ints(variant + ".retained_indices");
    std::vector<std::int64_t> all(576);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
    return all;
  }
  [[nodiscard]] prune::TokenPlan plan(const std::string& variant) const {
    return prune::gather_patches(retained(variant), 576);
  }

 private:
  std::shared_ptr<model::TensorSource> source_;
};

inline prune::LedgerOptions ledger_options(
    unit::PositionPolicy position = unit::PositionPolicy::compact) {
  return {.position = position, .patches = 576, .seg_token = 1004};
}

/// Largest difference, relative to the largest magnitude of the expected tensor (the README's
/// measure).
inline double relative(const at::Tensor& actual, const at::Tensor& expected) {
  if (actual.sizes() != expected.sizes()) return 1e9;
  const at::Tensor a = actual.to(at::kDouble), e = expected.to(at::kDouble);
  return (a - e).abs().max().item<double>() / e.abs().max().item<double>();
}

/// Relative L2 difference, the measure of bf16.json.
inline double relative_l2(const at::Tensor& actual, const at::Tensor& expected) {
  const at::Tensor a = actual.to(at::kDouble), e = expected.to(at::kDouble);
  return std::sqrt(((a - e) * (a - e)).sum().item<double>() / (e * e).sum().item<double>());
}

}  // namespace litebench::golden
