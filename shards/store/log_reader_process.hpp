#pragma once
// libhdf5 may crash or hang on a damaged file, so processes of their own read with it.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "shards/store/chunk_log.hpp"

namespace litebench::store {

/// Memory that this process and one that reads for it share. Pages that are not touched cost nothing.
class SharedPages {
 public:
  SharedPages() = default;
  /// The pages behind a descriptor that another process made; takes it over.
  static SharedPages behind(int descriptor);
  ~SharedPages();
  SharedPages(SharedPages&& other) noexcept;
  SharedPages& operator=(SharedPages&&) = delete;
  SharedPages(const SharedPages&) = delete;
  SharedPages& operator=(const SharedPages&) = delete;

  /// At least so much room; false where the system has none. Pages that were touched stay: new ones are dear.
  [[nodiscard]] bool make_room(std::uint64_t size);
  explicit operator bool() const { return at_ != nullptr; }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::span<std::byte> room() const {
    return {at_ + sizeof(std::uint64_t), size_ - sizeof(std::uint64_t)};
  }
  void set_filled(std::uint64_t bytes) const;
  [[nodiscard]] std::span<const std::byte> filled() const;

 private:
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
  LogReaderProcess(const LogReaderProcess&) = delete;
  LogReaderProcess& operator=(const LogReaderProcess&) = delete;

  struct Answer {
    std::string failure;  ///< why libhdf5 could not
    std::optional<ChunkPlaces>
        places;  ///< where the log lies; without, and without a failure, log() is it
  };
  /// Where /log, of at most `size` bytes, lies in the file, or its bytes if it is compressed, has gaps or very many chunks.
  [[nodiscard]] Answer find(const std::filesystem::path& path, std::uint64_t size);
  /// Its bytes.
  [[nodiscard]] Answer read(const std::filesystem::path& path, std::uint64_t size);
  /// What was read, until the next call.
  [[nodiscard]] std::span<const std::byte> log() const { return pages_.filled(); }

 private:
  [[nodiscard]] int ask(char what, const std::filesystem::path& path) const;

  int socket_ = -1;
  pid_t process_ = -1;
  SharedPages pages_;
};

/// Several of them, for threads that read at the same time.
class LogReaders {
 public:
  explicit LogReaders(std::size_t count);

  /// One of them, until it is given back. Waits for one.
  class Lease {
   public:
    explicit Lease(LogReaders& from) : from_(&from), process_(from.take()) {}
    ~Lease() {
      if (process_) from_->put(std::move(process_));
    }
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    LogReaderProcess* operator->() const { return process_.get(); }

   private:
    LogReaders* from_;
    std::unique_ptr<LogReaderProcess> process_;
  };

 private:
  std::unique_ptr<LogReaderProcess> take();
  void put(std::unique_ptr<LogReaderProcess> process);

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<LogReaderProcess>> resting_;
};

}  // namespace litebench::store
