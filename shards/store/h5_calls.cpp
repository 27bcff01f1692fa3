#include "shards/store/h5_calls.hpp"

#include <mutex>

#include <fmt/core.h>

#include "base/error.hpp"

namespace litebench::store::h5 {
namespace {

herr_t keep_innermost(unsigned, const H5E_error2_t* error, void* out) {
  auto& text = *static_cast<std::string*>(out);
  if (text.empty() && error->desc != nullptr) text = error->desc;
  return 0;
}

// HDF5's innermost message, which names the system's error (for example "No space left on device").
std::string library_reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &text);
  H5Eclear2(H5E_DEFAULT);
  return text.empty() ? "HDF5 gives no reason" : text;
}

}  // namespace

void silence_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Files have owners here. What the library would do at exit with one given up after a disk error is harm: it
    // writes the rest of its metadata (a "truncated file" for every reader) or crashes.
    H5dont_atexit();
    H5open();
  });
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);   // per thread in the thread-safe library
}

void refuse_write(std::string_view what, std::string_view where) {
  throw Error(ExitCode::io, fmt::format("cannot {} {}", what, where), library_reason(),
              "check free space, quota and permissions, then start again: finished work is kept");
}

void refuse_read(std::string_view what, std::string_view where) {
  throw Error(ExitCode::data, fmt::format("cannot {} {}", what, where), library_reason(),
              "the file is damaged or was written by another program");
}

void Handle::reset() noexcept {
  if (id_ >= 0 && close_ != nullptr) close_(id_);
  id_ = -1;
}

}  // namespace litebench::store::h5
