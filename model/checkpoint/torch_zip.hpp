#pragma once
// What torch.save writes for a state dict: a zip archive with a pickle (data.pkl) and one stored entry per storage.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "model/checkpoint/tensor_source.hpp"

namespace litebench::model {

/// Begins like a zip archive, like the older format of torch.save or like a bare pickle; all three go to
/// parse_torch_zip, which explains itself better than a safetensors reader would.
bool looks_like_torch(std::span<const std::byte> file);

/// Tensors of a whole file held in `file`, sorted by name, as views into it. The pickle is read, never executed.
/// Throws Error{data} for anything but a flat dict of dense CPU-readable tensors, and for tensors outside their storage.
std::vector<TensorInfo> parse_torch_zip(std::span<const std::byte> file,
                                        std::string_view name_for_errors);

}  // namespace litebench::model
