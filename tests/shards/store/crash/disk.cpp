#include "tests/shards/store/crash/disk.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <map>
#include <mutex>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace litebench::store::disk {
namespace {

std::atomic<Plan> g_plan{Plan::none};
std::atomic<std::uint64_t> g_call{0}, g_calls{0};
std::atomic<int> g_error{0};
std::mutex g_mutex;

/// What a sync has confirmed, by inode: the file as it was then.
std::map<ino_t, std::vector<char>> g_durable;
std::map<ino_t, std::string> g_names;

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string name_of(int fd) {
  std::string name(4096, '\0');
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(), name.size());
  name.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return name;
}

void remember(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
  std::vector<char> bytes(static_cast<std::size_t>(info.st_size));
  static const auto plain_pread = real<ssize_t(int, void*, size_t, off_t)>("pread");
  const int reader = ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY);
  const ssize_t got = plain_pread(reader, bytes.data(), bytes.size(), 0);
  ::close(reader);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  g_durable[info.st_ino] = std::move(bytes);
}

void note_name(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
  const std::string name = name_of(fd);
  // A file that was given another name by link() looks deleted under its first one.
  if (!name.ends_with(" (deleted)")) g_names[info.st_ino] = name;
}

void note_new_name(const char* name) {
  struct stat info {};
  if (::stat(name, &info) == 0) g_names[info.st_ino] = name;
}

/// Whether this call is one that must not happen as usual. Never returns when the process dies at it.
bool reached() {
  const std::uint64_t now = ++g_calls;
  const Plan plan = g_plan;
  if (plan == Plan::none || now < g_call) return false;
  if (plan == Plan::fail) return true;
  if (now > g_call) return false;
  if (plan == Plan::power_cut) cut_power();
  if (plan == Plan::kill) ::raise(SIGKILL);
  return true;   // tear
}

}  // namespace

void arrange(Plan plan, std::uint64_t call, int error) {
  g_calls = 0;
  g_call = call;
  g_error = error;
  g_plan = plan;
}

std::uint64_t calls() { return g_calls; }

void cut_power() {
  g_plan = Plan::none;
  static const auto plain_write = real<ssize_t(int, const void*, size_t)>("write");
  for (const auto& [inode, name] : g_names) {
    const int fd = ::open(name.c_str(), O_WRONLY | O_TRUNC);
    if (fd < 0) continue;   // published under another name: the inode was noted again by its next write
    const std::vector<char>& bytes = g_durable[inode];
    static_cast<void>(plain_write(fd, bytes.data(), bytes.size()) == 0);
  }
  ::raise(SIGKILL);
  __builtin_unreachable();
}

namespace {

template <typename Write>
ssize_t disturbed_write(int fd, size_t size, Write write) {
  if (g_plan == Plan::none) return write(size);
  const std::lock_guard lock(g_mutex);
  note_name(fd);
  if (!reached()) return write(size);
  if (g_plan == Plan::fail) {
    errno = g_error;
    return -1;
  }
  write(size / 2);
  ::raise(SIGKILL);
  return -1;
}

template <typename Sync>
int disturbed_sync(int fd, Sync sync) {
  if (g_plan == Plan::none) return sync();
  const std::lock_guard lock(g_mutex);
  const bool disturbed = reached();
  if (disturbed && g_plan == Plan::tear) ::raise(SIGKILL);
  if (disturbed && g_plan == Plan::fail) {
    errno = g_error == ENOSPC ? EIO : g_error.load();
    return -1;
  }
  const int result = sync();
  note_name(fd);
  if (g_plan == Plan::power_cut) remember(fd);
  return result;
}

}  // namespace
}  // namespace litebench::store::disk

namespace disk = litebench::store::disk;

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static const auto plain = disk::real<ssize_t(int, const void*, size_t)>("write");
  return disk::disturbed_write(fd, size, [&](size_t part) { return plain(fd, data, part); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static const auto plain = disk::real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return disk::disturbed_write(fd, size, [&](size_t part) { return plain(fd, data, part, offset); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) { return pwrite(fd, data, size, offset); }

int fsync(int fd) {
  static const auto plain = disk::real<int(int)>("fsync");
  return disk::disturbed_sync(fd, [&] { return plain(fd); });
}

int fdatasync(int fd) {
  static const auto plain = disk::real<int(int)>("fdatasync");
  return disk::disturbed_sync(fd, [&] { return plain(fd); });
}

int ftruncate(int fd, off_t size) noexcept {
  static const auto plain = disk::real<int(int, off_t)>("ftruncate");
  if (disk::g_plan != disk::Plan::none && disk::reached() && disk::g_plan == disk::Plan::tear) ::raise(SIGKILL);
  return plain(fd, size);
}

int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }

int link(const char* from, const char* to) noexcept {
  static const auto plain = disk::real<int(const char*, const char*)>("link");
  if (disk::g_plan != disk::Plan::none && disk::reached() && disk::g_plan == disk::Plan::tear) ::raise(SIGKILL);
  const int result = plain(from, to);
  if (result == 0 && disk::g_plan != disk::Plan::none) disk::note_new_name(to);
  return result;
}

int rename(const char* from, const char* to) noexcept {
  static const auto plain = disk::real<int(const char*, const char*)>("rename");
  if (disk::g_plan != disk::Plan::none && disk::reached() && disk::g_plan == disk::Plan::tear) ::raise(SIGKILL);
  const int result = plain(from, to);
  if (result == 0 && disk::g_plan != disk::Plan::none) disk::note_new_name(to);
  return result;
}

}  // extern "C"
