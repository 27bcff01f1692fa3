#pragma once
// A log whose bytes lie in an HDF5 file as they are, read without the library.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "shards/store/log_source.hpp"

namespace litebench::store {

/// Where a log lies in its file.
struct ChunkPlaces {
  std::uint64_t size = 0, chunk = 0;     ///< bytes of the log, and of a chunk
  std::vector<std::uint64_t> addresses;  ///< of the chunks, in order
};

/// The log, or nothing when the file does not hold a frame and so many bytes there. Throws Error{io}.
std::unique_ptr<LogSource> log_in_place(const std::filesystem::path& path, ChunkPlaces places);

}  // namespace litebench::store
