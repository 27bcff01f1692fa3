#pragma once
// What the mask decoder sees beside the image and the prompt (upstream.md §6.2).

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace litebench::model {

/// In which precision the dense positions are computed. The reference computes them in the model's dtype and its
/// checkpoint was trained so; in bf16 they deviate by up to 0.09 (option `pe_dtype`, upstream.md §10 #18).
enum class Precision { model, fp32 };

/// Random Fourier features of the cell centres of a grid × grid image, [grid², 2 · features], in the dtype of
/// gaussian [2, features].
at::Tensor dense_positions(const at::Tensor& gaussian, std::int64_t grid, Precision precision);

}  // namespace litebench::model
