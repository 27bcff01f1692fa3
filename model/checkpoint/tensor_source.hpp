#pragma once
// Tensors on disk, whatever the container: torch zip shards (.bin), safetensors, or several of either with an index.
// No LibTorch here: `doctor` and `convert` read checkpoints without it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::model {

enum class DType : std::uint8_t { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };
std::size_t size_of(DType dtype);
std::string_view name_of(DType dtype);  ///< "float32", "bfloat16", …

struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t>
      strides;  ///< in elements; contiguous unless a torch file says otherwise
  std::span<const std::byte>
      bytes;  ///< from the first element to the last one reached by the strides; mapped
  [[nodiscard]] std::int64_t numel() const;
  [[nodiscard]] bool contiguous() const;
};

/// A set of named tensors, memory-mapped. Immutable; safe to read from several threads.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  /// Sorted by name.
  [[nodiscard]] virtual std::span<const TensorInfo> tensors() const = 0;
  [[nodiscard]] const TensorInfo* find(std::string_view name) const;  ///< nullptr when absent
};

/// Opens a checkpoint folder (`*.index.json` + shards, `model.safetensors`, `pytorch_model.bin`) or a single file.
/// safetensors win over .bin where both exist. Errors: io (missing, unreadable), data (truncated, malformed, not allowed).
std::unique_ptr<TensorSource> open_checkpoint(const std::filesystem::path& path);

}  // namespace litebench::model
