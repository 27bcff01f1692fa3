#pragma once
// The data set /log of a live shard, read with libhdf5.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include <fmt/core.h>

#include "base/error.hpp"
#include "shards/store/h5.hpp"

namespace litebench::store {

class Hdf5Log {
 public:
  /// Throws Error{io} or Error{data}; with a damaged file libhdf5 may crash or hang.
  explicit Hdf5Log(const std::filesystem::path& path)
      : file_(h5::File::open(path, h5::Mode::read_live)), log_(file_.dataset("log")) {
    if (log_.record_size() != 1) {
      throw Error(ExitCode::data, fmt::format("cannot read {}", path.string()),
                  "/log is no data set of bytes", "it was written by another program");
    }
    size_ = log_.size();
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const h5::DataSet& data() const { return log_; }
  void read(std::uint64_t offset, std::span<std::byte> out) const { log_.read(byte_, offset, out); }

 private:
  h5::RecordType byte_ = h5::RecordType::scalar(h5::Scalar::u8);
  h5::File file_;
  h5::DataSet log_;
  std::uint64_t size_ = 0;
};

}  // namespace litebench::store
