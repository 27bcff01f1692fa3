#include "shards/store/log_source.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/core.h>
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

/// All bytes of the log, in this process; 0, or 1 when libhdf5 gives up.
int try_hdf5(const std::filesystem::path& path) {
  constexpr std::uint64_t kWindow = 4 << 20;
  try {
    const Hdf5Log log(path);
    std::vector<std::byte> window;
    for (std::uint64_t offset = 0; offset < log.size(); offset += window.size()) {
      window.resize(std::min(kWindow, log.size() - offset));
      log.read(offset, window);
    }
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}

/// "" when libhdf5 reads the whole log, otherwise what it did instead. Tried in a child process.
std::string failure_of_hdf5(const std::filesystem::path& path, std::uint64_t bytes) {
  constexpr unsigned kSeconds = 20;
  constexpr std::uint64_t kBytesPerSecond = 20'000'000;
  const pid_t child = ::fork();
  if (child < 0) return "";  // no room for another process: read it here
  if (child == 0) {
    for (const int signal : {SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGTERM}) ::signal(signal, SIG_DFL);
    ::alarm(kSeconds + static_cast<unsigned>(bytes / kBytesPerSecond));
    ::_exit(try_hdf5(path));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return "";
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return "libhdf5 hangs on it";
  if (WIFSIGNALED(status)) return "libhdf5 crashes on it";
  return WEXITSTATUS(status) == 0 ? "" : "libhdf5 cannot read it";
}

}  // namespace

std::unique_ptr<LogSource> open_log(const std::filesystem::path& path) {
  MappedFile file(path);
  if (header_at(file.bytes()) != nullptr) return std::make_unique<FileLog>(std::move(file));
  const std::string failure = failure_of_hdf5(path, file.bytes().size());
  if (failure.empty()) return std::make_unique<Hdf5Log>(path);
  RawScan scan = scan_raw(file.bytes());
  if (scan.count == 0) {
    throw Error(ExitCode::data, fmt::format("cannot read {}", path.string()),
                failure + ", and it holds no intact record",
                "move it out of the run's shards; its bundles will be done again");
  }
  return std::make_unique<SalvagedLog>(
      std::move(scan.frames), fmt::format("{}; {} records were found one by one", failure, scan.count));
}

}  // namespace litebench::store
