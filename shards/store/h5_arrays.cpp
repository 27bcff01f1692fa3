// Arrays that are written once and whole, for files that other programs read.

#include <numeric>

#include <fmt/core.h>

#include "shards/store/h5_calls.hpp"

namespace litebench::store::h5 {
namespace {

std::uint64_t elements(std::span<const std::int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, [](std::uint64_t n, std::int64_t extent) {
    return n * static_cast<std::uint64_t>(extent);
  });
}

void write_array(hid_t owner, std::string_view name, const RecordType& type, std::span<const std::int64_t> shape,
                 const void* data, const std::string& where) {
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), H5Sclose);
  const hid_t id = H5Dcreate2(owner, std::string(name).c_str(), type.file(), space.id(), H5P_DEFAULT, H5P_DEFAULT,
                              H5P_DEFAULT);
  const Handle made(must_write(id, "create", where), H5Dclose);
  if (elements(shape) == 0) return;
  must_write(H5Dwrite(made.id(), type.memory(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write", where);
}

}  // namespace

Kind DataSet::kind() const {
  silence_library();
  const Handle type(must_read(H5Dget_type(handle_.id()), "read the type of", name_), H5Tclose);
  switch (H5Tget_class(type.id())) {
    case H5T_INTEGER: return Kind::integer;
    case H5T_FLOAT: return Kind::real;
    default: return Kind::other;
  }
}

Group Group::create_group(std::string_view name) {
  silence_library();
  const std::string where = fmt::format("{}/{}", name_, name);
  const hid_t id = H5Gcreate2(handle_.id(), std::string(name).c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  return {Handle(must_write(id, "create group", where), H5Gclose), where};
}

void Group::write(std::string_view name, Scalar type, std::span<const std::int64_t> shape,
                  std::span<const std::byte> bytes) {
  silence_library();
  write_array(handle_.id(), name, RecordType::scalar(type), shape, bytes.data(), fmt::format("{}/{}", name_, name));
}

void Group::write(std::string_view name, std::span<const std::int64_t> values) {
  const std::int64_t shape[] = {std::ssize(values)};
  write(name, Scalar::i64, shape, std::as_bytes(values));
}

void Group::write(std::string_view name, std::span<const float> values) {
  const std::int64_t shape[] = {std::ssize(values)};
  write(name, Scalar::f32, shape, std::as_bytes(values));
}

void Group::write(std::string_view name, std::span<const std::string> texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  const std::int64_t shape[] = {std::ssize(texts)};
  write(name, Scalar::text, shape, std::as_bytes(std::span(pointers)));
}

}  // namespace litebench::store::h5
