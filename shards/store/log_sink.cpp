// The live log: one HDF5 file that readers may look at while it grows.

#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <unistd.h>

#include "base/error.hpp"
#include "shards/store/disk_sync.hpp"
#include "shards/store/frame_sink.hpp"
#include "shards/store/h5.hpp"
#include "shards/store/rows.hpp"

namespace litebench::store {
namespace {

// Without filters and without a chunk cache a write touches only its own bytes, so small commits
// cost what they are and no earlier byte is ever written again.
constexpr h5::Storage kLogStorage{.chunk = 64 * 1024, .cached = false};

[[noreturn]] void refuse_create(const std::filesystem::path& path, int error) {
  throw Error(ExitCode::io, fmt::format("cannot create {}", path.string()), std::strerror(error),
              "check free space and permissions; a shard is never written twice");
}

class Hdf5Sink : public FrameSink {
 public:
  Hdf5Sink(const std::filesystem::path& hidden, std::span<const std::byte> start)
      : file_(h5::File::create(hidden)), log_(file_.create("log", byte_, kLogStorage)) {
    try {
      file_.set("schema", std::int64_t{kSchema});
      file_.set("format", "litebench live log");
      file_.start_swmr();
      write(start);
      file_.flush();
      disk_ = std::make_unique<DiskSync>(hidden);
      disk_->now();
    } catch (...) {
      abandon();
      throw;
    }
  }
  ~Hdf5Sink() override {
    if (failed_) abandon();
  }
  Hdf5Sink(const Hdf5Sink&) = delete;
  Hdf5Sink& operator=(const Hdf5Sink&) = delete;

  void write(std::span<const std::byte> frames) override {
    failed_ = true;  // until proven otherwise
    log_.append(byte_, frames);
    log_.flush();
    if (disk_) disk_->grew();
    failed_ = false;
  }

  void close() override {
    log_ = {};
    file_.close();
    disk_->now();
    disk_.reset();
  }

 private:
  /// Leaves the file as it is: the library would write more into it and crash over that.
  void abandon() {
    log_.abandon();
    file_.abandon();
  }

  h5::RecordType byte_ = h5::RecordType::scalar(h5::Scalar::u8);
  h5::File file_;
  h5::DataSet log_;
  std::unique_ptr<DiskSync> disk_;
  bool failed_ = false;
};

}  // namespace

std::filesystem::path hidden_name(const std::filesystem::path& path) {
  return path.parent_path() / fmt::format(".new-{}", path.filename().string());
}

void publish(const std::filesystem::path& hidden, const std::filesystem::path& path) {
  if (::link(hidden.c_str(), path.c_str()) == 0) {
    ::unlink(hidden.c_str());
    return;
  }
  const int error = errno;
  const bool no_links = error == EPERM || error == ENOTSUP || error == ENOSYS;
  if (no_links && !std::filesystem::exists(path) && ::rename(hidden.c_str(), path.c_str()) == 0)
    return;
  ::unlink(hidden.c_str());
  refuse_create(path, error);
}

std::unique_ptr<FrameSink> make_log(const std::filesystem::path& path,
                                    std::span<const std::byte> start) {
  const std::filesystem::path hidden = hidden_name(path);
  std::unique_ptr<FrameSink> sink;
  try {
    sink = std::make_unique<Hdf5Sink>(hidden, start);
  } catch (...) {
    ::unlink(hidden.c_str());
    throw;
  }
  publish(hidden, path);
  sync_folder(path.has_parent_path() ? path.parent_path() : ".");
  return sink;
}

}  // namespace litebench::store
