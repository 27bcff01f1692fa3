// Element, enumeration, array and compound types.

#include <algorithm>

#include "shards/store/h5_calls.hpp"

namespace litebench::store::h5 {
namespace {

Handle type_handle(hid_t id) { return {must_write(id, "build", "an HDF5 type"), H5Tclose}; }

struct Pair {
  hid_t memory, file;
};

Pair number(Scalar type) {
  switch (type) {
    case Scalar::i8: return {H5T_NATIVE_INT8, H5T_STD_I8LE};
    case Scalar::i16: return {H5T_NATIVE_INT16, H5T_STD_I16LE};
    case Scalar::i32: return {H5T_NATIVE_INT32, H5T_STD_I32LE};
    case Scalar::i64: return {H5T_NATIVE_INT64, H5T_STD_I64LE};
    case Scalar::u8: return {H5T_NATIVE_UINT8, H5T_STD_U8LE};
    case Scalar::u16: return {H5T_NATIVE_UINT16, H5T_STD_U16LE};
    case Scalar::u32: return {H5T_NATIVE_UINT32, H5T_STD_U32LE};
    case Scalar::u64: return {H5T_NATIVE_UINT64, H5T_STD_U64LE};
    case Scalar::f32: return {H5T_NATIVE_FLOAT, H5T_IEEE_F32LE};
    default: return {H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE};
  }
}

Handle enumeration(hid_t base, const Field& field) {
  Handle type = type_handle(H5Tenum_create(base));
  for (const auto& [name, value] : field.names) {
    std::int64_t converted = value;
    H5Tconvert(H5T_NATIVE_INT64, base, 1, &converted, nullptr, H5P_DEFAULT);
    must_write(H5Tenum_insert(type.id(), name.c_str(), &converted), "name a value of", field.name);
  }
  return type;
}

Handle field_type(const Field& field, bool in_memory) {
  if (field.type == Scalar::chars) return string_type(field.count);
  if (field.type == Scalar::text) return string_type(H5T_VARIABLE);
  const Pair both = number(field.type);
  const hid_t plain = in_memory ? both.memory : both.file;
  Handle element = field.names.empty() ? type_handle(H5Tcopy(plain)) : enumeration(plain, field);
  if (field.count == 1) return element;
  const hsize_t extent = field.count;
  return type_handle(H5Tarray_create2(element.id(), 1, &extent));
}

/// The element type behind a member's; arrays give theirs and the count.
Field described(hid_t member, const std::string& where) {
  Field field;
  if (H5Tget_class(member) == H5T_STRING) {
    field.type = Scalar::chars;
    field.count = H5Tget_size(member);
    return field;
  }
  Handle element(H5Tget_class(member) == H5T_ARRAY ? H5Tget_super(member) : H5Tcopy(member),
                 H5Tclose);
  field.count = H5Tget_size(member) / std::max<std::size_t>(H5Tget_size(element.id()), 1);
  if (H5Tget_class(element.id()) == H5T_ENUM) {
    for (int i = 0; i < H5Tget_nmembers(element.id()); ++i) {
      char* name = H5Tget_member_name(element.id(), static_cast<unsigned>(i));
      std::int64_t value = 0;
      must_read(H5Tget_member_value(element.id(), static_cast<unsigned>(i), &value),
                "read names of", where);
      const Handle base(H5Tget_super(element.id()), H5Tclose);
      H5Tconvert(base.id(), H5T_NATIVE_INT64, 1, &value, nullptr, H5P_DEFAULT);
      field.names.emplace_back(name, value);
      H5free_memory(name);
    }
    element = Handle(H5Tget_super(element.id()), H5Tclose);
  }
  for (int i = 0; i <= static_cast<int>(Scalar::f64); ++i) {
    if (H5Tequal(element.id(), number(static_cast<Scalar>(i)).file) > 0)
      field.type = static_cast<Scalar>(i);
  }
  return field;
}

}  // namespace

std::vector<Field> DataSet::fields() const {
  const Handle type(must_read(H5Dget_type(handle_.id()), "read the type of", name_), H5Tclose);
  std::vector<Field> fields;
  if (H5Tget_class(type.id()) != H5T_COMPOUND) return fields;
  const int members = must_read(H5Tget_nmembers(type.id()), "read the type of", name_);
  for (unsigned i = 0; i < static_cast<unsigned>(members); ++i) {
    const Handle member(must_read(H5Tget_member_type(type.id(), i), "read the type of", name_),
                        H5Tclose);
    Field field = described(member.id(), name_);
    char* name = H5Tget_member_name(type.id(), i);
    field.name = name;
    H5free_memory(name);
    field.offset = H5Tget_member_offset(type.id(), i);
    fields.push_back(std::move(field));
  }
  return fields;
}

Handle string_type(std::size_t size) {
  Handle type = type_handle(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.id(), size);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  if (size != H5T_VARIABLE) H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
  return type;
}

RecordType::RecordType(std::size_t size, std::span<const Field> fields) : size_(size) {
  silence_library();
  memory_ = type_handle(H5Tcreate(H5T_COMPOUND, size));
  std::size_t file_size = 0;
  for (const Field& field : fields) file_size += H5Tget_size(field_type(field, false).id());
  file_ = type_handle(H5Tcreate(H5T_COMPOUND, file_size));
  std::size_t file_offset = 0;
  for (const Field& field : fields) {
    const Handle in_memory = field_type(field, true);
    const Handle in_file = field_type(field, false);
    const char* name = field.name.c_str();
    must_write(H5Tinsert(memory_.id(), name, field.offset, in_memory.id()), "add field",
               field.name);
    must_write(H5Tinsert(file_.id(), name, file_offset, in_file.id()), "add field", field.name);
    file_offset += H5Tget_size(in_file.id());
  }
}

RecordType RecordType::scalar(Scalar type) {
  silence_library();
  const Field field{"", 0, type};
  RecordType record;
  record.memory_ = field_type(field, true);
  record.file_ = field_type(field, false);
  record.size_ = H5Tget_size(record.memory_.id());
  return record;
}

}  // namespace litebench::store::h5
