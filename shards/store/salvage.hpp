#pragma once
// What can be saved of a shard that libhdf5 does not open any more.

#include <cstdint>
#include <filesystem>

namespace litebench::store {

struct Salvage {
  std::filesystem::path saved;  ///< a file of frames, which every reader of shards takes
  std::filesystem::path aside;  ///< where the damaged file went
  std::uint64_t bundles = 0, lost_bundles = 0, events = 0;
};

/// Writes the intact records of `shard` beside it as <name>.salvaged.seg and renames the shard to
/// <name>.damaged. Throws Error{io}; Error{data} when it has no intact start record; Error{usage}
/// for a file that is no HDF5 shard.
Salvage salvage(const std::filesystem::path& shard);

}  // namespace litebench::store
