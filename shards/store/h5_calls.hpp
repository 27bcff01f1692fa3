#pragma once
// Private to h5*.cpp: turning HDF5's return codes into Errors.

#include <string>
#include <string_view>

#include <hdf5.h>

#include "shards/store/h5.hpp"

namespace litebench::store::h5 {

static_assert(std::is_same_v<hid_t, std::int64_t>, "h5.hpp spells hid_t as int64_t");

/// Initialises the library and stops it from printing; at the top of every public function, since it is per thread.
void silence_library();

[[noreturn]] void refuse_write(std::string_view what, std::string_view where);
[[noreturn]] void refuse_read(std::string_view what, std::string_view where);

template <typename T>
T must_write(T result, std::string_view what, std::string_view where) {
  if (result < 0) refuse_write(what, where);
  return result;
}

template <typename T>
T must_read(T result, std::string_view what, std::string_view where) {
  if (result < 0) refuse_read(what, where);
  return result;
}

/// Fixed size in bytes, or H5T_VARIABLE.
Handle string_type(std::size_t size);

}  // namespace litebench::store::h5
