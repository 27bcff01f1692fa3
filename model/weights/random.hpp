#pragma once
// Weights of true size without a checkpoint: efficiency can be measured with any values, tests need equal ones.

#include <cstdint>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/expected.hpp"

namespace litebench::model {

/// The tensor `spec` of the random checkpoint `geometry_name`. A pure function of both names, the shape and the dtype:
/// equal bit for bit on every device and for every number of threads. Values are uniform; linear weights keep the
/// variance of their input, norm weights lie near 1, biases near 0, so activations stay finite through 32 layers.
at::Tensor random_tensor(const TensorSpec& spec, std::string_view geometry_name,
                         at::ScalarType dtype, at::Device device);

/// Centre and half-width of the uniform distribution a tensor is drawn from.
struct UniformRange {
  float centre = 0, half_width = 0;
};
UniformRange random_range(const TensorSpec& spec);

}  // namespace litebench::model
