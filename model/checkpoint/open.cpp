// From a path to tensors: which file of a folder counts, and how shards are put together.

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/mapped_file.hpp"
#include "model/checkpoint/safetensors.hpp"
#include "model/checkpoint/tensor_source.hpp"
#include "model/checkpoint/torch_zip.hpp"

namespace litebench::model {
namespace {

namespace fs = std::filesystem;

class MappedSource final : public TensorSource {
 public:
  MappedSource(std::vector<MappedFile> files, std::vector<TensorInfo> tensors)
      : files_(std::move(files)), tensors_(std::move(tensors)) {}
  [[nodiscard]] std::span<const TensorInfo> tensors() const override { return tensors_; }

 private:
  std::vector<MappedFile> files_;
  std::vector<TensorInfo> tensors_;
};

std::vector<TensorInfo> parse_file(const MappedFile& file) {
  const auto name = file.path().string();
  if (looks_like_torch(file.bytes())) return parse_torch_zip(file.bytes(), name);
  return parse_safetensors(file.bytes(), name);
}

std::unique_ptr<TensorSource> open_file(const fs::path& path) {
  std::vector<MappedFile> files;
  files.emplace_back(path);
  auto tensors = parse_file(files.front());
  return std::make_unique<MappedSource>(std::move(files), std::move(tensors));
}

[[noreturn]] void refuse(const fs::path& index, std::string_view reason) {
  throw Error(ExitCode::data, fmt::format("the shards of {} are not complete", index.string()),
              reason, "download or convert the checkpoint again");
}

/// A shard is a plain file name: an index must not make us read what lies outside its folder.
fs::path shard_path(const fs::path& index, std::string_view shard) {
  const fs::path name(shard);
  if (shard.empty() || shard == "." || shard == ".." || name.filename() != name ||
      shard.find_first_of(std::string_view("/\\\0", 3)) != std::string_view::npos)
    refuse(index, fmt::format("'{}' is no file name inside the folder", shard));
  return index.parent_path() / name;
}

std::unique_ptr<TensorSource> open_index(const fs::path& index) {
  const auto document = json::Document::load(index);
  std::map<std::string, std::set<std::string>, std::less<>> promised;  // shard -> tensors
  document.root().at("weight_map").each_member([&](std::string_view tensor, json::Value shard) {
    promised[std::string(shard.as_string())].emplace(tensor);
  });

  std::vector<MappedFile> files;
  std::vector<TensorInfo> tensors;
  for (const auto& [shard, names] : promised) {
    const auto path = shard_path(index, shard);
    if (std::error_code ignored; !fs::exists(path, ignored))
      refuse(index, fmt::format("shard {} is missing", shard));
    auto part = parse_file(files.emplace_back(path));
    for (const auto& name : names)
      if (!std::ranges::binary_search(part, name, {}, &TensorInfo::name))
        refuse(index, fmt::format("shard {} lacks tensor {}", shard, name));
    std::ranges::move(part, std::back_inserter(tensors));
  }
  std::ranges::sort(tensors, {}, &TensorInfo::name);
  const auto twice = std::ranges::adjacent_find(tensors, {}, &TensorInfo::name);
  if (twice != tensors.end()) refuse(index, fmt::format("tensor {} is in two shards", twice->name));
  return std::make_unique<MappedSource>(std::move(files), std::move(tensors));
}

}  // namespace

std::unique_ptr<TensorSource> open_checkpoint(const fs::path& path) {
  const auto open = [](const fs::path& file) {
    return file.string().ends_with(".index.json") ? open_index(file) : open_file(file);
  };
  std::error_code ignored;  // what cannot be looked at is refused with a reason when it is opened
  if (!fs::is_directory(path, ignored)) return open(path);
  // The order of the transformers library, so that both programs read the same weights.
  constexpr std::array kNames = {"model.safetensors", "model.safetensors.index.json",
                                 "pytorch_model.bin", "pytorch_model.bin.index.json"};
  for (const auto* name : kNames)
    if (fs::exists(path / name, ignored)) return open(path / name);
  throw Error(ExitCode::io, fmt::format("there is no checkpoint in {}", path.string()),
              "it holds neither model.safetensors nor pytorch_model.bin nor an index of either",
              "check the path");
}

}  // namespace litebench::model
