#include "model/checkpoint/safetensors_writer.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <tuple>

#include <fmt/core.h>

#include "base/error.hpp"
#include "model/checkpoint/atomic_file.hpp"
#include "model/checkpoint/layout.hpp"
#include "model/checkpoint/safetensors.hpp"

namespace litebench::model {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register

/// The largest power of two up to 64 that divides a size.
std::size_t alignment_of(std::size_t bytes) {
  return bytes == 0 ? kAlignment : std::min(kAlignment, bytes & (~bytes + 1));
}

/// The format wants the data without gaps. Sizes that keep alignment come first, so that only what follows a tensor of
/// odd size is less aligned, and never less than its own elements need.
void sort_for_layout(std::vector<PlannedTensor>& tensors) {
  std::ranges::sort(tensors, [](const PlannedTensor& a, const PlannedTensor& b) {
    return std::tuple(alignment_of(b.bytes()), std::string_view(a.name)) <
           std::tuple(alignment_of(a.bytes()), std::string_view(b.name));
  });
}

std::string quoted(std::string_view name, const std::filesystem::path& path) {
  std::string text = "\"";
  for (const char c : name) {
    if (c < ' ' || c > '~')  // also refuses bytes above 127
      throw Error(ExitCode::data, fmt::format("cannot write {}", path.string()),
                  fmt::format("tensor name '{}' is not plain ASCII", name), "rename the tensor");
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

/// Length and JSON, padded with spaces so that the data begin at a multiple of 64. Names in alphabetical order.
std::string header_of(const std::vector<PlannedTensor>& tensors,
                      const std::filesystem::path& path) {
  std::vector<std::pair<std::string, std::string>> members;
  std::size_t offset = 0;
  for (const auto& tensor : tensors) {
    const auto end = offset + tensor.bytes();
    members.emplace_back(tensor.name,
                         fmt::format(R"({}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})",
                                     quoted(tensor.name, path), safetensors_name_of(tensor.dtype),
                                     to_string(tensor.shape), offset, end));
    offset = end;
  }
  std::ranges::sort(members);
  // transformers refuses files that do not say so.
  std::string json = R"({"__metadata__":{"format":"pt"})";
  for (const auto& [name, text] : members) json += "," + text;
  json += '}';
  std::uint64_t length = json.size();
  const auto unpadded = sizeof(length) + json.size();
  length += (kAlignment - unpadded % kAlignment) % kAlignment;
  json.resize(length, ' ');
  std::string header(sizeof(length), '\0');
  std::memcpy(header.data(), &length, sizeof(length));
  return header + json;
}

}  // namespace

std::size_t PlannedTensor::bytes() const {
  return static_cast<std::size_t>(checked_numel(shape).value()) * size_of(dtype);
}

void write_safetensors(const std::filesystem::path& path, std::vector<PlannedTensor> tensors,
                       const std::function<void(const PlannedTensor&, const ByteSink&)>& produce) {
  sort_for_layout(tensors);
  const auto header = header_of(tensors, path);
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(header)));
  for (const auto& tensor : tensors) {
    std::size_t written = 0;
    produce(tensor, [&](std::span<const std::byte> bytes) {
      written += bytes.size();
      file.write(bytes);
    });
    if (written != tensor.bytes())
      throw std::logic_error(
          fmt::format("{} bytes written of {}'s {}", written, tensor.name, tensor.bytes()));
  }
  file.commit();
}

}  // namespace litebench::model
