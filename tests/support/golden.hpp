#pragma once
// The reference data under tests/golden/tiny: what the original implementation computed (see its
// README).

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "model/checkpoint/tensor_source.hpp"

namespace litebench::test {

inline const std::filesystem::path kTiny = "tests/golden/tiny";

inline std::filesystem::path image_file(std::string_view name) {
  return kTiny / "data/Refer_Segm/coco_2014/train2014" / name;
}

inline json::Document expected_json(std::string_view name) {
  return json::Document::load(kTiny / "expected" / name);
}

inline std::vector<std::int64_t> int_list(const json::Value& array) {
  std::vector<std::int64_t> out;
  array.each([&](json::Value value) { out.push_back(value.as_int()); });
  return out;
}

inline std::vector<std::string> string_list(const json::Value& array) {
  std::vector<std::string> out;
  array.each([&](json::Value value) { out.emplace_back(value.as_string()); });
  return out;
}

inline std::vector<std::byte> file_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

/// A safetensors file of reference tensors.
class Tensors {
 public:
  explicit Tensors(std::string_view name)
      : source_(model::open_checkpoint(kTiny / "expected" / name)) {}

  [[nodiscard]] bool has(std::string_view name) const { return source_->find(name) != nullptr; }
  [[nodiscard]] std::vector<std::int64_t> shape(std::string_view name) const {
    return info(name).shape;
  }

  template <class T>
  [[nodiscard]] std::vector<T> get(std::string_view name) const {
    const model::TensorInfo& tensor = info(name);
    if (model::size_of(tensor.dtype) != sizeof(T))
      throw std::logic_error("tensor of another width");
    std::vector<T> out(tensor.numel());
    std::memcpy(out.data(), tensor.bytes.data(), out.size() * sizeof(T));
    return out;
  }

 private:
  [[nodiscard]] const model::TensorInfo& info(std::string_view name) const {
    const model::TensorInfo* found = source_->find(name);
    if (found == nullptr) throw std::logic_error("no tensor " + std::string(name));
    return *found;
  }

  std::unique_ptr<model::TensorSource> source_;
};

}  // namespace litebench::test
