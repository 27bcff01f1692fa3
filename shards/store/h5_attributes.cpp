#include <fmt/core.h>

#include "shards/store/h5_calls.hpp"

namespace litebench::store::h5 {
namespace {

Handle attribute(hid_t owner, std::string_view name, const std::string& where) {
  return {must_read(H5Aopen(owner, std::string(name).c_str(), H5P_DEFAULT),
                    fmt::format("read attribute {} of", name), where),
          H5Aclose};
}

void write_attribute(hid_t owner, std::string_view name, hid_t memory, hid_t file, const void* value,
                     const std::string& where) {
  const std::string key(name);
  const std::string what = fmt::format("write attribute {} of", name);
  if (H5Aexists(owner, key.c_str()) > 0) H5Adelete(owner, key.c_str());
  Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  Handle made(must_write(H5Acreate2(owner, key.c_str(), file, space.id(), H5P_DEFAULT, H5P_DEFAULT), what, where),
              H5Aclose);
  must_write(H5Awrite(made.id(), memory, value), what, where);
}

}  // namespace

void Node::set(std::string_view name, std::string_view value) {
  const std::string text(value);
  const char* pointer = text.c_str();
  const Handle type = string_type(H5T_VARIABLE);
  write_attribute(handle_.id(), name, type.id(), type.id(), &pointer, name_);
}

void Node::set(std::string_view name, std::int64_t value) {
  write_attribute(handle_.id(), name, H5T_NATIVE_INT64, H5T_STD_I64LE, &value, name_);
}

void Node::set(std::string_view name, double value) {
  write_attribute(handle_.id(), name, H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE, &value, name_);
}

bool Node::has(std::string_view name) const {
  silence_library();
  return H5Aexists(handle_.id(), std::string(name).c_str()) > 0;
}

std::string Node::text(std::string_view name) const {
  silence_library();
  const Handle from = attribute(handle_.id(), name, name_);
  const Handle type = string_type(H5T_VARIABLE);
  const Handle space(H5Aget_space(from.id()), H5Sclose);
  char* raw = nullptr;
  if (H5Sget_simple_extent_npoints(space.id()) != 1) refuse_read(fmt::format("read attribute {} of", name), name_);
  must_read(H5Aread(from.id(), type.id(), &raw), fmt::format("read attribute {} as text of", name), name_);
  std::string value = raw != nullptr ? raw : "";
  H5Dvlen_reclaim(type.id(), space.id(), H5P_DEFAULT, &raw);
  return value;
}

std::int64_t Node::integer(std::string_view name) const {
  silence_library();
  std::int64_t value = 0;
  must_read(H5Aread(attribute(handle_.id(), name, name_).id(), H5T_NATIVE_INT64, &value),
            fmt::format("read attribute {} as integer of", name), name_);
  return value;
}

double Node::real(std::string_view name) const {
  silence_library();
  double value = 0;
  must_read(H5Aread(attribute(handle_.id(), name, name_).id(), H5T_NATIVE_DOUBLE, &value),
            fmt::format("read attribute {} as number of", name), name_);
  return value;
}

}  // namespace litebench::store::h5
