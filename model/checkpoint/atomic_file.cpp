#include "model/checkpoint/atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"

namespace litebench::model {

void AtomicFile::refuse(int error) const {
  throw Error(ExitCode::io, "cannot write " + path_.string(), std::strerror(error),
              "free space or choose another folder");
}

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path), temporary_(path) {
  // The process id keeps two programs that write the same file apart; the later rename wins.
  temporary_ += ".tmp" + std::to_string(::getpid());
  constexpr mode_t kMode = 0644;
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (fd_ < 0) refuse(errno);
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) refuse(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) refuse(errno);
  // From here on there is no temporary to remove. Some file systems cannot sync folders; the file itself is safe.
  if (::close(std::exchange(fd_, -1)) != 0) refuse(errno);
  const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return;
  ::fsync(folder_fd);
  ::close(folder_fd);
}

}  // namespace litebench::model
