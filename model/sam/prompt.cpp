#include "model/sam/prompt.hpp"

#include <numbers>

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>

namespace litebench::model {

at::Tensor dense_positions(const at::Tensor& gaussian, std::int64_t grid, Precision precision) {
  const auto dtype = precision == Precision::fp32 ? at::kFloat : gaussian.scalar_type();
  // Every step rounds to dtype, as in the reference: exact for powers of two only.
  const auto cells = at::arange(grid, gaussian.options().dtype(at::kFloat)).to(dtype).add(0.5);
  const auto unit = cells.div(static_cast<double>(grid)).mul(2).sub(1);
  const auto x = unit.view({1, grid}).expand({grid, grid});
  const auto y = unit.view({grid, 1}).expand({grid, grid});
  const auto angles = at::matmul(at::stack({x, y}, -1).view({grid * grid, 2}), gaussian.to(dtype))
                          .mul(2 * std::numbers::pi);
  return at::cat({angles.sin(), angles.cos()}, -1).to(gaussian.scalar_type());
}

}  // namespace litebench::model
