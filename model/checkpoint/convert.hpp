#pragma once
// A checkpoint of any kind becomes one safetensors file that ranks can map (design.md §8, "Weights").

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "model/checkpoint/tensor_source.hpp"

namespace litebench::model {

struct ConvertProgress {
  std::string_view tensor;
  std::uint64_t done_bytes = 0, total_bytes = 0;  ///< of the file being written
};

struct ConvertOptions {
  std::optional<DType> dtype;  ///< f32, bf16 or f16 for every floating tensor; nothing: as they are
  std::function<void(const ConvertProgress&)> progress;
};

struct ConvertReport {
  std::int64_t tensors = 0;
  std::uint64_t bytes = 0;
  std::filesystem::path file;
};

/// Writes `target`/model.safetensors, dense and aligned, and copies the configuration and tokenizer files beside it.
/// `source`: checkpoint folder or file. Tensors are streamed: memory use does not grow with the checkpoint.
/// Errors: those of open_checkpoint and write_safetensors; usage for a dtype that weights cannot have.
ConvertReport convert(const std::filesystem::path& source, const std::filesystem::path& target,
                      const ConvertOptions& options = {});

}  // namespace litebench::model
