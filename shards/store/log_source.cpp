#include "shards/store/log_source.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/mapped_file.hpp"
#include "shards/store/frame.hpp"
#include "shards/store/h5.hpp"
#include "shards/store/memory_log.hpp"
#include "shards/store/raw_scan.hpp"

namespace litebench::store {
namespace {

/// What a live shard may grow by between a look at its size and the reading. Pages that are not touched cost nothing.
constexpr std::uint64_t kGrowth = 64 << 20;

class Hdf5Log : public LogSource {
 public:
  explicit Hdf5Log(const std::filesystem::path& path)
      : file_(h5::File::open(path, h5::Mode::read_live)), log_(file_.dataset("log")) {
    if (log_.record_size() != 1) {
      throw Error(ExitCode::data, fmt::format("cannot read {}", path.string()),
                  "/log is no data set of bytes", "it was written by another program");
    }
    size_ = log_.size();
  }

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    log_.read(byte_, offset, out);
  }

 private:
  h5::RecordType byte_ = h5::RecordType::scalar(h5::Scalar::u8);
  h5::File file_;
  h5::DataSet log_;
  std::uint64_t size_ = 0;
};

class FileLog : public MemoryLog {
 public:
  explicit FileLog(MappedFile file) : MemoryLog(file.bytes()), file_(std::move(file)) {}

 private:
  MappedFile file_;
};

/// What raw_scan found.
class SalvagedLog : public MemoryLog {
 public:
  SalvagedLog(std::vector<std::byte> frames, std::string damage)
      : MemoryLog(frames), frames_(std::move(frames)), damage_(std::move(damage)) {}
  [[nodiscard]] std::string damage() const override { return damage_; }

 private:
  std::vector<std::byte> frames_;  // moving a vector leaves its bytes where they are
  std::string damage_;
};

/// Pages that a child process fills and this one reads; none where there is no room for them.
class SharedPages {
 public:
  explicit SharedPages(std::uint64_t size) : size_(sizeof(std::uint64_t) + size) {
    void* at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at != MAP_FAILED) at_ = static_cast<std::byte*>(at);
  }
  ~SharedPages() {
    if (at_ != nullptr) ::munmap(at_, size_);
  }
  SharedPages(SharedPages&& other) noexcept
      : size_(other.size_), at_(std::exchange(other.at_, nullptr)) {}
  SharedPages& operator=(SharedPages&&) = delete;
  SharedPages(const SharedPages&) = delete;
  SharedPages& operator=(const SharedPages&) = delete;

  explicit operator bool() const { return at_ != nullptr; }
  [[nodiscard]] std::span<std::byte> room() const {
    return {at_ + sizeof(std::uint64_t), size_ - sizeof(std::uint64_t)};
  }
  void set_filled(std::uint64_t bytes) const { std::memcpy(at_, &bytes, sizeof bytes); }
  [[nodiscard]] std::span<const std::byte> filled() const {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at_, sizeof bytes);
    return room().first(bytes);
  }

 private:
  std::uint64_t size_;
  std::byte* at_ = nullptr;
};

/// What a child process read.
class ReadLog : public MemoryLog {
 public:
  explicit ReadLog(SharedPages pages) : MemoryLog(pages.filled()), pages_(std::move(pages)) {}

 private:
  SharedPages pages_;
};

/// All bytes of the log, in this process; 0, or 1 when libhdf5 gives up. A log that claims to be larger than its file is
/// damaged: it is stored as it is.
int read_with_hdf5(const std::filesystem::path& path, const SharedPages& pages) {
  constexpr std::uint64_t kWindow = 4 << 20;
  try {
    const Hdf5Log log(path);
    const std::uint64_t size = log.size();
    if (size > pages.room().size()) return 1;
    for (std::uint64_t offset = 0; offset < size; offset += kWindow)
      log.read(offset, pages.room().subspan(offset, std::min(kWindow, size - offset)));
    pages.set_filled(size);
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}

/// "" when a child process could read the log with libhdf5, otherwise what happened.
std::string failure_of_hdf5(const std::filesystem::path& path, const SharedPages& pages) {
  constexpr unsigned kSeconds = 20;
  constexpr std::uint64_t kBytesPerSecond = 20'000'000;
  const pid_t child = ::fork();
  if (child < 0) return "there is no room for a process that reads it";
  if (child == 0) {
    for (const int signal : {SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGTERM}) ::signal(signal, SIG_DFL);
    ::alarm(kSeconds + static_cast<unsigned>(pages.room().size() / kBytesPerSecond));
    ::_exit(read_with_hdf5(path, pages));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return "the process that reads it is lost";
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return "libhdf5 hangs on it";
  if (WIFSIGNALED(status)) return "libhdf5 crashes on it";
  return WEXITSTATUS(status) == 0 ? "" : "libhdf5 cannot read it";
}

}  // namespace

std::unique_ptr<LogSource> open_log(const std::filesystem::path& path) {
  MappedFile file(path);
  if (header_at(file.bytes()) != nullptr) return std::make_unique<FileLog>(std::move(file));
  SharedPages pages(file.bytes().size() + kGrowth);
  const std::string failure =
      pages ? failure_of_hdf5(path, pages) : "there is no memory to read it";
  if (failure.empty()) return std::make_unique<ReadLog>(std::move(pages));
  RawScan scan = scan_raw(file.bytes());
  if (scan.count == 0) {
    throw Error(ExitCode::data, fmt::format("cannot read {}", path.string()),
                failure + ", and it holds no intact record",
                "move it out of the run's shards; its bundles will be done again");
  }
  return std::make_unique<SalvagedLog>(
      std::move(scan.frames),
      fmt::format("{}; {} records were found one by one", failure, scan.count));
}

}  // namespace litebench::store
