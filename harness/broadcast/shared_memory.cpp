#include "harness/broadcast/shared_memory.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/error.hpp"

namespace litebench::broadcast {
namespace {

[[noreturn]] void refuse(std::uint64_t bytes, int error) {
  throw Error(ExitCode::io,
              fmt::format("cannot share {:.1f} MiB of weights between the ranks of a machine",
                          static_cast<double>(bytes) / (1 << 20)),
              std::strerror(error), "free memory, or set model.broadcast = false");
}

/// What the kernel believes to have for a new program; everything where it does not say.
std::uint64_t available_bytes() {
  std::ifstream info("/proc/meminfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("MemAvailable:")) return 1024 * std::stoull(line.substr(13));
  }
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

// memfd in place of a file in /dev/shm: that is 64 MiB in many containers, and what does not fit is a SIGBUS.
SharedMemory::SharedMemory(std::uint64_t bytes)
    : fd_(::memfd_create("litebench-weights", MFD_CLOEXEC)) {
  if (fd_ < 0) refuse(bytes, errno);
  // Nothing limits a memfd: what does not fit would be taken until the kernel kills somebody.
  if (bytes > available_bytes()) {
    close_door();
    refuse(bytes, ENOMEM);
  }
  const auto size = static_cast<off_t>(bytes);
  if (size > 0 && ::fallocate(fd_, 0, 0, size) != 0) {
    const int error = errno;
    close_door();
    refuse(bytes, error);
  }
  map(PROT_READ | PROT_WRITE, bytes);
}

SharedMemory::SharedMemory(const std::string& address, std::uint64_t bytes)
    : fd_(::open(address.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (fd_ < 0) refuse(bytes, errno);
  map(PROT_READ, bytes);
  close_door();
}

SharedMemory::~SharedMemory() {
  close_door();
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

std::string SharedMemory::address() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), fd_); }

void SharedMemory::close_door() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void SharedMemory::make_read_only() {
  if (!bytes_.empty()) ::mprotect(bytes_.data(), bytes_.size(), PROT_READ);
}

void SharedMemory::map(int protection, std::uint64_t bytes) {
  if (bytes == 0) return;
  void* start = ::mmap(nullptr, bytes, protection, MAP_SHARED, fd_, 0);
  if (start == MAP_FAILED) {
    const int error = errno;
    close_door();
    refuse(bytes, error);
  }
  bytes_ = {static_cast<std::byte*>(start), bytes};
}

}  // namespace litebench::broadcast
