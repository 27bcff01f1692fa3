#include "model/checkpoint/convert.hpp"

#include <string>
#include <system_error>

#include <fmt/core.h>

#include "base/error.hpp"
#include "model/checkpoint/dense_stream.hpp"
#include "model/checkpoint/safetensors_writer.hpp"

namespace litebench::model {
namespace {

namespace fs = std::filesystem;

/// Configuration and tokenizer files: small texts and SentencePiece models, not the indexes of other shards.
bool belongs_beside_weights(const fs::path& file) {
  const auto name = file.filename().string(), extension = file.extension().string();
  if (name.ends_with(".index.json")) return false;
  return extension == ".json" || extension == ".txt" || extension == ".model";
}

[[noreturn]] void refuse(const fs::path& target, const std::error_code& error) {
  throw Error(ExitCode::io, fmt::format("cannot write to {}", target.string()), error.message(),
              "free space or choose another folder");
}

void copy_companions(const fs::path& folder, const fs::path& target) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.is_regular_file() || !belongs_beside_weights(entry.path())) continue;
    const auto copy = target / entry.path().filename();
    if (std::error_code absent; fs::equivalent(entry.path(), copy, absent)) continue;
    fs::copy_file(entry.path(), copy, fs::copy_options::overwrite_existing, error);
    if (error) refuse(copy, error);
  }
  if (error) refuse(target, error);
}

void check_dtype(const std::optional<DType>& dtype) {
  if (!dtype || *dtype == DType::f32 || *dtype == DType::bf16 || *dtype == DType::f16) return;
  throw Error(ExitCode::usage, fmt::format("weights cannot be {}", name_of(*dtype)),
              "the model runs in a floating dtype of at most 32 bits", "use fp32, bf16 or fp16");
}

}  // namespace

ConvertReport convert(const fs::path& source, const fs::path& target,
                      const ConvertOptions& options) {
  check_dtype(options.dtype);
  const auto checkpoint = open_checkpoint(source);
  std::error_code error;
  fs::create_directories(target, error);
  if (error) refuse(target, error);

  ConvertProgress progress;
  std::vector<PlannedTensor> plan;
  for (const auto& tensor : checkpoint->tensors()) {
    const auto dtype =
        is_floating(tensor.dtype) ? options.dtype.value_or(tensor.dtype) : tensor.dtype;
    plan.push_back({tensor.name, dtype, tensor.shape});
    progress.total_bytes += plan.back().bytes();
  }
  const ConvertReport report{.tensors = static_cast<std::int64_t>(plan.size()),
                             .bytes = progress.total_bytes,
                             .file = target / "model.safetensors"};
  // Companions first: where the weights are, the folder is complete.
  const bool folder = fs::is_directory(source, error);
  const auto parent = source.has_parent_path() ? source.parent_path() : fs::path(".");
  copy_companions(folder ? source : parent, target);
  write_safetensors(report.file, std::move(plan),
                    [&](const PlannedTensor& planned, const ByteSink& sink) {
                      stream_dense(*checkpoint->find(planned.name), planned.dtype, sink);
                      progress.tensor = planned.name;
                      progress.done_bytes += planned.bytes();
                      if (options.progress) options.progress(progress);
                    });
  return report;
}

}  // namespace litebench::model
