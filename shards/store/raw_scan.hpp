#pragma once
// Finding the frames of a live log in the raw bytes of its file, without libhdf5: when HDF5's own
// records are damaged, those of the run are mostly not.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace litebench::store {

struct RawScan {
  std::vector<std::byte> frames;  ///< the intact ones, one behind the other, as in the file
  std::uint64_t count = 0;
};

/// Every frame whose checksum is right. HDF5 keeps the log in pieces of 64 KiB, mostly one behind
/// the other; where it put records of its own between two, in steps of 2 KiB, a frame that lies
/// across is found by trying. Looks at each byte a bounded number of times.
RawScan scan_raw(std::span<const std::byte> file);

}  // namespace litebench::store
