#pragma once
// Where a writer's frames go. Private to the shard writer and to salvage.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace litebench::store {

class FrameSink {
 public:
  virtual ~FrameSink() = default;
  /// Whole frames, all of a bundle at once. Throws Error{io}; nothing may be written after that.
  virtual void write(std::span<const std::byte> frames) = 0;
  /// Brings everything to the disk. Throws Error{io}.
  virtual void close() = 0;
};

/// One growing HDF5 file that appears under `path` together with its first frame.
std::unique_ptr<FrameSink> make_log(const std::filesystem::path& path,
                                    std::span<const std::byte> start);

/// Closed files that each begin with the frame `start`.
std::unique_ptr<FrameSink> make_segments(const std::filesystem::path& path,
                                         std::span<const std::byte> start);

/// Gives the finished file `hidden` its real name, never over another file. Throws Error{io}.
void publish(const std::filesystem::path& hidden, const std::filesystem::path& path);

/// A file of whole frames that appears complete and on the disk, or not at all. Throws Error{io}.
void write_frames(const std::filesystem::path& path, std::span<const std::byte> start,
                  std::span<const std::byte> frames);

/// The name a file has until it is complete: readers ignore it.
std::filesystem::path hidden_name(const std::filesystem::path& path);

}  // namespace litebench::store
