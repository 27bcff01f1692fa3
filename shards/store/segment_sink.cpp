// Closed files of frames: what a file system without coherent sharing can be trusted with.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.hpp"
#include "shards/store/disk_sync.hpp"
#include "shards/store/frame_sink.hpp"
#include "shards/store/shard.hpp"

namespace litebench::store {
namespace {

using Clock = std::chrono::steady_clock;

// A segment is closed after five seconds, later ones after a hundredth of the run so far: a day
// leaves some five hundred files per rank, and a kill costs less than a hundredth of the work.
constexpr std::chrono::duration<double> kLeastInterval{5};
constexpr double kMostSegments = 100;
constexpr std::size_t kMostBytes = 8 << 20;

[[noreturn]] void refuse(const std::filesystem::path& path, int error) {
  throw Error(ExitCode::io, fmt::format("cannot write {}", path.string()), std::strerror(error),
              "check free space, quota and permissions, then start again: finished work is kept");
}

void write_all(int fd, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) refuse(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

class SegmentSink : public FrameSink {
 public:
  SegmentSink(std::filesystem::path path, std::span<const std::byte> start)
      : path_(std::move(path)), start_(start.begin(), start.end()) {
    close_segment({});  // who cannot write learns it before the first bundle
    thread_ = std::thread([this] { work(); });
  }
  ~SegmentSink() override {
    end_thread();
    try {
      if (!error_) close_waiting();
    } catch (const Error&) {
      // whoever destroys without close() has a failure of his own to tell
    }
  }
  SegmentSink(const SegmentSink&) = delete;
  SegmentSink& operator=(const SegmentSink&) = delete;

  void write(std::span<const std::byte> frames) override {
    const std::lock_guard lock(mutex_);
    if (error_) throw Error(*error_);
    waiting_.insert(waiting_.end(), frames.begin(), frames.end());
    if (waiting_.size() >= kMostBytes) close_waiting();
  }

  void close() override {
    end_thread();
    if (error_) throw Error(*error_);
    close_waiting();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      const auto age = std::chrono::duration<double>(Clock::now() - begin_);
      const auto interval = std::max(kLeastInterval, age / kMostSegments);
      if (wake_.wait_for(lock, interval, [this] { return ending_; })) return;
      try {
        if (!error_) close_waiting();
      } catch (const Error& error) {
        error_ = error;
      }
    }
  }

  void close_waiting() {
    if (waiting_.empty()) return;
    close_segment(waiting_);
    waiting_.clear();
  }

  void close_segment(std::span<const std::byte> frames) {
    std::filesystem::path segment = path_;
    segment.replace_extension(fmt::format(".s{:04}{}", count_, kSegmentSuffix));
    write_frames(segment, start_, frames);
    ++count_;
  }

  void end_thread() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  std::filesystem::path path_;
  std::vector<std::byte> start_, waiting_;
  int count_ = 0;
  Clock::time_point begin_ = Clock::now();
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Error> error_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace

void write_frames(const std::filesystem::path& path, std::span<const std::byte> start,
                  std::span<const std::byte> frames) {
  const std::filesystem::path hidden = hidden_name(path);
  const int fd = ::open(hidden.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) refuse(path, errno);
  try {
    write_all(fd, start, path);
    write_all(fd, frames, path);
    if (::fsync(fd) != 0) refuse(path, errno);
  } catch (...) {
    ::close(fd);
    ::unlink(hidden.c_str());
    throw;
  }
  // Network file systems tell some failures only here.
  if (::close(fd) != 0) {
    const int error = errno;
    ::unlink(hidden.c_str());
    refuse(path, error);
  }
  publish(hidden, path);
  sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

Form form_for(const std::filesystem::path& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return Form::log;
  switch (static_cast<unsigned long>(info.f_type)) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case V9FS_MAGIC:
    case FUSE_SUPER_MAGIC:
    case AFS_SUPER_MAGIC: return Form::segments;
    default: return Form::log;
  }
}

std::unique_ptr<FrameSink> make_segments(const std::filesystem::path& path,
                                         std::span<const std::byte> start) {
  return std::make_unique<SegmentSink>(path, start);
}

}  // namespace litebench::store
