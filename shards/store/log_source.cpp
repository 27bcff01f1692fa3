#include "shards/store/log_source.hpp"

#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/mapped_file.hpp"
#include "shards/store/chunk_log.hpp"
#include "shards/store/frame.hpp"
#include "shards/store/log_reader_process.hpp"
#include "shards/store/memory_log.hpp"
#include "shards/store/raw_scan.hpp"

namespace litebench::store {
namespace {

/// What a live shard may grow by between a look at its size and the reading. Pages that are not touched cost nothing.
constexpr std::uint64_t kGrowth = 64 << 20;

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

/// What a child process read; the pages are its reader's.
class ReadLog : public MemoryLog {
 public:
  ReadLog(std::unique_ptr<LogReaders> own, LogReaders::Lease reader)
      : MemoryLog(reader->log()), own_(std::move(own)), reader_(std::move(reader)) {}

 private:
  std::unique_ptr<LogReaders> own_;
  LogReaders::Lease reader_;  // goes first
};

}  // namespace

std::unique_ptr<LogSource> open_log(const std::filesystem::path& path, LogReaders* readers) {
  MappedFile file(path);
  if (header_at(file.bytes()) != nullptr) return std::make_unique<FileLog>(std::move(file));
  std::unique_ptr<LogReaders> own;
  if (readers == nullptr) own = std::make_unique<LogReaders>(1);
  LogReaders::Lease reader(own ? *own : *readers);
  const std::uint64_t room = file.bytes().size() + kGrowth;
  LogReaderProcess::Answer answer = reader->find(path, room);
  if (answer.places) {
    if (auto log = log_in_place(path, std::move(*answer.places))) return log;
    answer = reader->read(path, room);
  }
  if (answer.failure.empty()) return std::make_unique<ReadLog>(std::move(own), std::move(reader));
  RawScan scan = scan_raw(file.bytes());
  if (scan.count == 0) {
    throw Error(ExitCode::data, fmt::format("cannot read {}", path.string()),
                answer.failure + ", and it holds no intact record",
                "move it out of the run's shards; its bundles will be done again");
  }
  return std::make_unique<SalvagedLog>(
      std::move(scan.frames),
      fmt::format("{}; {} records were found one by one", answer.failure, scan.count));
}

}  // namespace litebench::store
