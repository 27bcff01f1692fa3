#pragma once
// The safetensors container: u64 header length, JSON header {name: {dtype, shape, data_offsets}}, data.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "model/checkpoint/tensor_source.hpp"

namespace litebench::model {

/// Tensors of a whole file held in `file`, sorted by name, as views into it. Throws Error{data} for anything that does
/// not add up: header length, names given twice, offsets outside the data, bytes that are not shape x dtype, overlaps.
std::vector<TensorInfo> parse_safetensors(std::span<const std::byte> file,
                                          std::string_view name_for_errors);

/// "F32", "BF16", …: the format's own names.
std::string_view safetensors_name_of(DType dtype);

}  // namespace litebench::model
