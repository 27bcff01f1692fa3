#pragma once
// Tensors on disk as LibTorch tensors, and the check that none is NaN or infinite.

#include <memory>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/tensor_source.hpp"

namespace litebench::model {

at::ScalarType scalar_type_of(DType dtype);

/// In `dtype` on `device`. A view of `info.bytes` that keeps `owner` alive where nothing has to change, a dense copy
/// otherwise. The view is read-only memory: writing to it ends the program.
at::Tensor tensor_of(const TensorInfo& info, const std::shared_ptr<const void>& owner,
                     at::ScalarType dtype, at::Device device);

/// The same values into `target`, dense and of the tensor's shape, which converts them to its dtype and device.
void copy_to(const TensorInfo& info, const std::shared_ptr<const void>& owner,
             const at::Tensor& target);

/// True when no element is NaN or infinite. Dense floating tensors; reads every page once.
bool all_finite(const at::Tensor& tensor);

}  // namespace litebench::model
