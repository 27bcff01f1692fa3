#pragma once
// libhdf5 may crash or hang on a damaged file, so processes of their own read with it.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

namespace litebench::store {

/// Memory that this process and one that reads for it share. Pages that are not touched cost nothing.
class SharedPages {
 public:
  /// Room for `size` bytes; false where the system has none.
  explicit SharedPages(std::uint64_t size);
  /// The pages behind a descriptor that another process made; takes it over.
  static SharedPages behind(int descriptor);
  ~SharedPages();
  SharedPages(SharedPages&& other) noexcept;
  SharedPages& operator=(SharedPages&&) = delete;
  SharedPages(const SharedPages&) = delete;
  SharedPages& operator=(const SharedPages&) = delete;

  explicit operator bool() const { return at_ != nullptr; }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::span<std::byte> room() const {
    return {at_ + sizeof(std::uint64_t), size_ - sizeof(std::uint64_t)};
  }
  void set_filled(std::uint64_t bytes) const;
  [[nodiscard]] std::span<const std::byte> filled() const;

 private:
  SharedPages() = default;
  void map();

  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::byte* at_ = nullptr;
};

/// Starts a process for every log. The starter is itself a process, forked by the constructor: made before this one holds
/// gigabytes of rows, it spares every start the copying of their page tables. For one thread at a time.
class LogReaderProcess {
 public:
  LogReaderProcess();
  ~LogReaderProcess();
  LogReaderProcess(LogReaderProcess&& other) noexcept;
  LogReaderProcess& operator=(LogReaderProcess&&) = delete;
  LogReaderProcess(const LogReaderProcess&) = delete;
  LogReaderProcess& operator=(const LogReaderProcess&) = delete;

  /// The bytes of /log into `pages`; "", or why libhdf5 could not.
  [[nodiscard]] std::string read(const std::filesystem::path& path, const SharedPages& pages);

 private:
  int socket_ = -1;
  pid_t process_ = -1;
};

/// Several of them, for threads that read at the same time.
class LogReaders {
 public:
  explicit LogReaders(std::size_t count);
  [[nodiscard]] std::string read(const std::filesystem::path& path, const SharedPages& pages);

 private:
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<LogReaderProcess> processes_;  // that are at rest
};

}  // namespace litebench::store
