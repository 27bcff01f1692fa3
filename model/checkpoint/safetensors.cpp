#include "model/checkpoint/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "model/checkpoint/layout.hpp"

namespace litebench::model {
namespace {

constexpr std::size_t kLengthBytes = 8;
// The limit of the format's reference reader; GLaMM's header is about 0.1 MB.
constexpr std::uint64_t kMostHeaderBytes = 100'000'000;

constexpr std::array<std::pair<std::string_view, DType>, 10> kNames = {{
    {"F64", DType::f64},
    {"F32", DType::f32},
    {"F16", DType::f16},
    {"BF16", DType::bf16},
    {"I64", DType::i64},
    {"I32", DType::i32},
    {"I16", DType::i16},
    {"I8", DType::i8},
    {"U8", DType::u8},
    {"BOOL", DType::boolean},
}};

[[noreturn]] void refuse(std::string_view file, std::string_view reason) {
  throw Error(ExitCode::data, fmt::format("{} is no usable safetensors file", file), reason,
              "copy or convert it again");
}

std::string_view header_of(std::span<const std::byte> file, std::string_view name) {
  if (file.size() < kLengthBytes) refuse(name, "truncated: no header length");
  const auto length = load_at<std::uint64_t>(file, 0);
  if (length > kMostHeaderBytes) refuse(name, fmt::format("a header of {} bytes", length));
  if (length > file.size() - kLengthBytes)
    refuse(name, fmt::format("truncated: header of {} bytes in a file of {}", length, file.size()));
  return {reinterpret_cast<const char*>(file.data()) + kLengthBytes,
          static_cast<std::size_t>(length)};
}

std::vector<std::int64_t> integers(const json::Value& array) {
  std::vector<std::int64_t> values;
  array.each([&](json::Value value) { values.push_back(value.as_int()); });
  return values;
}

struct Entry {
  TensorInfo tensor;
  std::int64_t begin = 0, end = 0;
};

Entry parse_entry(std::string_view tensor, const json::Value& value,
                  std::span<const std::byte> data, std::string_view file) {
  Entry entry;
  entry.tensor.name = tensor;
  const auto dtype = value.at("dtype").as_string();
  const auto* known = std::ranges::find(kNames, dtype, &decltype(kNames)::value_type::first);
  if (known == kNames.end())
    refuse(file, fmt::format("tensor {} has the unknown dtype '{}'", tensor, dtype));
  entry.tensor.dtype = known->second;
  entry.tensor.shape = integers(value.at("shape"));
  const auto count = checked_numel(entry.tensor.shape);
  if (!count) refuse(file, fmt::format("tensor {} has an impossible shape", tensor));
  const auto offsets = integers(value.at("data_offsets"));
  if (offsets.size() != 2 || offsets[0] < 0 || offsets[1] < offsets[0])
    refuse(file, fmt::format("tensor {} has malformed offsets", tensor));
  std::tie(entry.begin, entry.end) = std::pair(offsets[0], offsets[1]);
  if (std::cmp_greater(entry.end, data.size()))
    refuse(file, fmt::format("tensor {} ends at byte {} of {} bytes of data: truncated?", tensor,
                             entry.end, data.size()));
  if (entry.end - entry.begin != *count * static_cast<std::int64_t>(size_of(known->second)))
    refuse(file, fmt::format("tensor {} of shape {} and dtype {} has {} bytes", tensor,
                             to_string(entry.tensor.shape), dtype, entry.end - entry.begin));
  entry.tensor.strides = contiguous_strides(entry.tensor.shape);
  entry.tensor.bytes = data.subspan(static_cast<std::size_t>(entry.begin),
                                    static_cast<std::size_t>(entry.end - entry.begin));
  return entry;
}

void check_overlap(std::vector<Entry>& entries, std::string_view file) {
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  for (std::size_t i = 1; i < entries.size(); ++i)
    if (entries[i].begin < entries[i - 1].end)
      refuse(file, fmt::format("tensors {} and {} overlap", entries[i - 1].tensor.name,
                               entries[i].tensor.name));
}

}  // namespace

std::vector<TensorInfo> parse_safetensors(std::span<const std::byte> file,
                                          std::string_view name_for_errors) {
  const auto header = header_of(file, name_for_errors);
  const auto data = file.subspan(kLengthBytes + header.size());
  const auto document = json::Document::parse(header, name_for_errors);
  if (!document.root().is_object()) refuse(name_for_errors, "its header is no JSON object");
  std::vector<Entry> entries;
  document.root().each_member([&](std::string_view name, json::Value value) {
    if (name != "__metadata__") entries.push_back(parse_entry(name, value, data, name_for_errors));
  });
  check_overlap(entries, name_for_errors);

  std::vector<TensorInfo> tensors;
  tensors.reserve(entries.size());
  for (auto& entry : entries) tensors.push_back(std::move(entry.tensor));
  std::ranges::sort(tensors, {}, &TensorInfo::name);
  const auto twice = std::ranges::adjacent_find(tensors, {}, &TensorInfo::name);
  if (twice != tensors.end())
    refuse(name_for_errors, fmt::format("tensor {} is given twice", twice->name));
  return tensors;
}

std::string_view safetensors_name_of(DType dtype) {
  return std::ranges::find(kNames, dtype, &decltype(kNames)::value_type::second)->first;
}

}  // namespace litebench::model
