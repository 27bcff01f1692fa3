#include "model/checkpoint/torch_zip.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/pickle.hpp"
#include "model/checkpoint/layout.hpp"
#include "model/checkpoint/zip.hpp"

namespace litebench::model {
namespace {

using pickle::Kind;
using pickle::Node;

constexpr std::string_view kRebuildTensor = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils _rebuild_parameter";

constexpr std::array<std::pair<std::string_view, DType>, 10> kStorages = {{
    {"torch DoubleStorage", DType::f64},
    {"torch FloatStorage", DType::f32},
    {"torch HalfStorage", DType::f16},
    {"torch BFloat16Storage", DType::bf16},
    {"torch LongStorage", DType::i64},
    {"torch IntStorage", DType::i32},
    {"torch ShortStorage", DType::i16},
    {"torch CharStorage", DType::i8},
    {"torch ByteStorage", DType::u8},
    {"torch BoolStorage", DType::boolean},
}};

constexpr auto kAllowedGlobals = [] {
  std::array<std::string_view, kStorages.size() + 3> names = {"collections OrderedDict",
                                                              kRebuildTensor, kRebuildParameter};
  for (std::size_t i = 0; i < kStorages.size(); ++i) names[3 + i] = kStorages[i].first;
  return names;
}();

/// A file has a few thousand tensors of about twenty values each; GLaMM's 968 take about 25,000.
constexpr pickle::Limits kLimits = {.max_nodes = 20'000'000, .max_depth = 100};

class Archive {
 public:
  Archive(std::span<const std::byte> file, std::string_view name);
  std::vector<TensorInfo> tensors() const;

 private:
  [[noreturn]] void refuse(std::string_view reason) const {
    throw Error(ExitCode::data, fmt::format("{} is no usable torch checkpoint", name_), reason,
                "download it again, or save its state dict again with torch.save");
  }
  std::span<const std::byte> record(std::string_view name) const;
  /// Arguments of a call of `function`, at least `count`; nullptr when the node is something else.
  static const std::vector<const Node*>* arguments(const Node& node, std::string_view function,
                                                   std::size_t count);
  std::vector<std::int64_t> integers(const Node& tuple, std::string_view tensor) const;
  std::span<const std::byte> storage(const Node& id, std::string_view tensor, DType& dtype) const;
  TensorInfo tensor(std::string_view name, const Node& value) const;

  std::string_view name_;
  std::map<std::string, std::span<const std::byte>, std::less<>> records_;  // without the folder
};

Archive::Archive(std::span<const std::byte> file, std::string_view name) : name_(name) {
  constexpr std::string_view kPickle = "/data.pkl";
  const auto entries = parse_zip(file, name);
  // Every record lies in one folder, whose name is the file's at the time of saving.
  const auto pickled = std::ranges::find_if(
      entries, [&](const ZipEntry& entry) { return entry.name.ends_with(kPickle); });
  if (pickled == entries.end()) refuse("the archive has no data.pkl");
  const auto folder = pickled->name.substr(0, pickled->name.size() - kPickle.size() + 1);
  for (const auto& entry : entries)
    if (entry.name.starts_with(folder))
      records_.emplace(entry.name.substr(folder.size()), entry.bytes);
}

std::span<const std::byte> Archive::record(std::string_view name) const {
  const auto found = records_.find(name);
  if (found == records_.end()) refuse(fmt::format("record {} is missing", name));
  return found->second;
}

const std::vector<const Node*>* Archive::arguments(const Node& node, std::string_view function,
                                                   std::size_t count) {
  if (node.kind != Kind::call || node.items.size() != 2 || node.items[0]->text != function ||
      node.items[1]->items.size() < count)
    return nullptr;
  return &node.items[1]->items;
}

std::vector<std::int64_t> Archive::integers(const Node& tuple, std::string_view tensor) const {
  // Many tensors can share one long tuple, so its length is limited before it is copied.
  if (tuple.kind != Kind::tuple || tuple.items.size() > kMostDimensions)
    refuse(fmt::format("tensor {} has no shape", tensor));
  std::vector<std::int64_t> values;
  for (const auto* item : tuple.items) {
    if (item->kind != Kind::integer) refuse(fmt::format("tensor {} has no shape", tensor));
    values.push_back(item->integer);
  }
  return values;
}

/// The persistent id is ('storage', storage class, key, device, elements); the device it was saved on is of no account.
std::span<const std::byte> Archive::storage(const Node& id, std::string_view tensor,
                                            DType& dtype) const {
  const auto malformed = [&] { refuse(fmt::format("tensor {} names no storage", tensor)); };
  if (id.kind != Kind::persistent || id.items.size() != 1) malformed();
  const auto& fields = id.items[0]->items;
  if (id.items[0]->kind != Kind::tuple || fields.size() < 5 || fields[0]->text != "storage" ||
      fields[1]->kind != Kind::global || fields[2]->kind != Kind::bytes ||
      fields[4]->kind != Kind::integer)
    malformed();
  const auto* known = std::ranges::find(kStorages, std::string_view(fields[1]->text),
                                        &decltype(kStorages)::value_type::first);
  if (known == kStorages.end()) malformed();
  dtype = known->second;
  const auto bytes = record("data/" + fields[2]->text);
  const auto elements = bytes.size() / size_of(dtype);
  if (fields[4]->integer < 0 || std::cmp_greater(fields[4]->integer, elements))
    refuse(fmt::format("storage {} of tensor {} has {} of {} elements", fields[2]->text, tensor,
                       elements, fields[4]->integer));
  return bytes.first(static_cast<std::size_t>(fields[4]->integer) * size_of(dtype));
}

TensorInfo Archive::tensor(std::string_view name, const Node& value) const {
  if (const auto* parameter = arguments(value, kRebuildParameter, 1)) {
    if (arguments(*parameter->front(), kRebuildParameter, 0) != nullptr)
      refuse(fmt::format("parameter {} holds a parameter", name));
    return tensor(name, *parameter->front());
  }
  const auto* fields = arguments(value, kRebuildTensor, 4);
  if (fields == nullptr) refuse(fmt::format("'{}' is no tensor", name));
  TensorInfo info{.name = std::string(name)};
  const auto storage_bytes = storage(*(*fields)[0], name, info.dtype);
  info.shape = integers(*(*fields)[2], name);
  info.strides = integers(*(*fields)[3], name);
  const auto extent = checked_extent(info.shape, info.strides);
  if (!extent || (*fields)[1]->kind != Kind::integer || (*fields)[1]->integer < 0)
    refuse(fmt::format("tensor {} has an impossible shape", name));
  const auto held = static_cast<std::int64_t>(storage_bytes.size() / size_of(info.dtype));
  const auto offset = (*fields)[1]->integer;
  if (offset > held || *extent > held - offset)
    refuse(fmt::format("tensor {} of shape {} reaches beyond its storage of {} elements", name,
                       to_string(info.shape), held));
  // Expanded views (stride 0) would let a small file ask for any amount of memory when they are made dense.
  if (info.numel() > held)
    refuse(fmt::format("tensor {} has more elements than its storage", name));
  info.bytes = storage_bytes.subspan(static_cast<std::size_t>(offset) * size_of(info.dtype),
                                     static_cast<std::size_t>(*extent) * size_of(info.dtype));
  return info;
}

std::vector<TensorInfo> Archive::tensors() const {
  if (const auto order = records_.find("byteorder"); order != records_.end()) {
    const std::string_view text(reinterpret_cast<const char*>(order->second.data()),
                                order->second.size());
    if (text != "little") refuse("it was saved on a big-endian machine");
  }
  const auto document = pickle::parse(record("data.pkl"), fmt::format("{}: data.pkl", name_),
                                      kAllowedGlobals, kLimits);
  if (document.root == nullptr || document.root->kind != Kind::dict)
    refuse("it holds no dict of tensors");
  std::vector<TensorInfo> all;
  const auto& items = document.root->items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i]->kind != Kind::bytes) refuse("its dict has a key that is no text");
    all.push_back(tensor(items[i]->text, *items[i + 1]));
  }
  std::ranges::sort(all, {}, &TensorInfo::name);
  const auto twice = std::ranges::adjacent_find(all, {}, &TensorInfo::name);
  if (twice != all.end()) refuse(fmt::format("tensor {} is there twice", twice->name));
  return all;
}

constexpr std::uint32_t kZipMagic = 0x04034b50, kEmptyZipMagic = 0x06054b50;

bool is_zip(std::span<const std::byte> file) {
  if (file.size() < 4) return false;
  const auto magic = load_at<std::uint32_t>(file, 0);
  return magic == kZipMagic || magic == kEmptyZipMagic;
}

/// Opcode PROTO: the format of torch before 1.6 and bare pickles begin with it. Read as a safetensors header length,
/// its first eight bytes pass the size of the file.
bool is_bare_pickle(std::span<const std::byte> file) {
  return file.size() >= 8 && file[0] == std::byte{0x80} && file[1] <= std::byte{5} &&
         load_at<std::uint64_t>(file, 0) > file.size();
}

}  // namespace

bool looks_like_torch(std::span<const std::byte> file) {
  return is_zip(file) || is_bare_pickle(file);
}

std::vector<TensorInfo> parse_torch_zip(std::span<const std::byte> file,
                                        std::string_view name_for_errors) {
  if (!is_zip(file))
    throw Error(ExitCode::data, fmt::format("{} is no usable torch checkpoint", name_for_errors),
                "it is a bare pickle, the format of torch before 1.6",
                "load it with torch and save its state dict again");
  return Archive(file, name_for_errors).tensors();
}

}  // namespace litebench::model
