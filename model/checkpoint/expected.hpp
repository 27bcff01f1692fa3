#pragma once
// Which tensors a checkpoint of a given geometry must hold (upstream.md §1.4, §1.5, §1.7).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint/tensor_source.hpp"
#include "model/compute.hpp"
#include "model/geometry.hpp"

namespace litebench::model {

enum class Need : std::uint8_t {
  required,  ///< the forward pass reads it
  optional,  ///< loaded when it is there
  unused,    ///< has a known shape, is never loaded
  dead,      ///< what only the reference's dead work reads: loaded for it, and then required
};

struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  Need need = Need::required;
};

/// Sorted by name. `dead` tensors are there with Compute::upstream only; lean leaves them unused or optional.
std::vector<TensorSpec> expected_glamm(const Geometry& geometry, Compute compute = Compute::lean);
std::vector<TensorSpec> expected_clip(const Geometry& geometry);

/// Tensors of any shape that are tolerated and never loaded: rotary tables, the region encoder, an exported vision
/// tower, position ids, the logit scale.
bool is_ignored(std::string_view name);

/// Throws Error{data} that lists missing, unexpected and misshapen tensors by name, and tensors that are no floats;
/// missing ones that are `dead` with the way out.
void check(const std::vector<TensorSpec>& expected, const TensorSource& source,
           std::string_view name_for_errors);

}  // namespace litebench::model
