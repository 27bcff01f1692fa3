#pragma once
// Writes one safetensors file, tensor by tensor, so that a checkpoint larger than memory can be written.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/checkpoint/tensor_source.hpp"

namespace litebench::model {

struct PlannedTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  [[nodiscard]] std::size_t bytes() const;
};

/// Takes the next bytes of the tensor being written.
using ByteSink = std::function<void(std::span<const std::byte>)>;

/// `produce(tensor, sink)` is called once per tensor and hands over exactly tensor.bytes() bytes, dense and row-major.
/// The file appears under its name only when it is complete and on disk; until then it is a temporary beside it, which
/// an error removes. Every tensor begins at a multiple of its element size, and of 64 as far as the format, which knows
/// no gaps, allows. Throws Error{io} (disk full, …) and Error{data} for names that JSON could not hold.
void write_safetensors(const std::filesystem::path& path, std::vector<PlannedTensor> tensors,
                       const std::function<void(const PlannedTensor&, const ByteSink&)>& produce);

}  // namespace litebench::model
