#include "shards/store/disk_sync.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"

namespace litebench::store {
namespace {

constexpr std::chrono::seconds kInterval{2};

[[noreturn]] void refuse(const std::filesystem::path& path, int error) {
  throw Error(ExitCode::io, "cannot bring " + path.string() + " to the disk", std::strerror(error),
              "check free space and the disk, then start again: finished work is kept");
}

}  // namespace

void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) refuse(folder, errno);
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  // Some network file systems cannot sync a folder and say EINVAL; their names are safe on return of link().
  if (result != 0 && error != EINVAL) refuse(folder, error);
}

DiskSync::DiskSync(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)) {
  if (fd_ < 0) refuse(path, errno);
  thread_ = std::thread([this] { work(); });
}

DiskSync::~DiskSync() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
  ::close(fd_);
}

void DiskSync::work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    wake_.wait_for(lock, kInterval, [this] { return ending_; });
    if (!dirty_ || error_ != 0) continue;
    dirty_ = false;
    lock.unlock();
    const int error = ::fdatasync(fd_) == 0 ? 0 : errno;
    lock.lock();
    if (error != 0) error_ = error;
  }
}

void DiskSync::throw_if_failed() {
  const std::lock_guard lock(mutex_);
  if (error_ != 0) refuse(path_, error_);
}

void DiskSync::grew() {
  throw_if_failed();
  const std::lock_guard lock(mutex_);
  dirty_ = true;
}

void DiskSync::now() {
  throw_if_failed();
  if (::fdatasync(fd_) != 0) refuse(path_, errno);
}

}  // namespace litebench::store
