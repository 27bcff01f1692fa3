#pragma once
// Where the bytes of a log lie: in the data set of a live shard, or in a file of nothing but frames.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace litebench::store {

class LogReaders;

class LogSource {
 public:
  virtual ~LogSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Fills `out` with the bytes from `offset` on; both lie inside. Throws Error{data}.
  virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;
  /// Not empty: why this is not all that the file should hold.
  [[nodiscard]] virtual std::string damage() const { return ""; }
};

/// By the file's first bytes: frames (a segment or a salvaged log) or HDF5. The latter is opened by a
/// child process, since libhdf5 may crash or hang on a damaged file. It says where the log lies in
/// the file, or hands its bytes over when they do not lie there as they are; when it can do neither,
/// the frames are found in the raw bytes. Several threads may open logs at once. Throws Error{io} for a missing file, Error{data} for one in
/// which nothing is found. `readers` start the child process; without them this process does.
std::unique_ptr<LogSource> open_log(const std::filesystem::path& path,
                                    LogReaders* readers = nullptr);

/// Frames in memory that outlives the source.
std::unique_ptr<LogSource> log_in_memory(std::span<const std::byte> frames);

}  // namespace litebench::store
