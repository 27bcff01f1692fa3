#include "shards/store/salvage.hpp"

#include <system_error>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/mapped_file.hpp"
#include "shards/store/frame.hpp"
#include "shards/store/frame_sink.hpp"
#include "shards/store/raw_scan.hpp"
#include "shards/store/shard.hpp"

namespace litebench::store {

Salvage salvage(const std::filesystem::path& shard) {
  const MappedFile file(shard);
  if (shard.extension() != ".h5" || header_at(file.bytes()) != nullptr) {
    throw Error(ExitCode::usage, fmt::format("cannot salvage {}", shard.string()),
                "it is no HDF5 shard", "give a file RUN/shards/*.h5");
  }
  const RawScan scan = scan_raw(file.bytes());
  Salvage result;
  const ShardContents contents = visit_log(
      log_in_memory(scan.frames), shard, [&](Bundle&&) { ++result.bundles; }, Rows::all);
  result.lost_bundles = contents.lost_bundles;
  result.events = contents.events.size();
  result.saved = shard;
  result.saved.replace_extension(fmt::format(".salvaged{}", kSegmentSuffix));
  write_frames(result.saved, {}, scan.frames);
  result.aside = shard;
  result.aside += ".damaged";
  std::error_code error;
  std::filesystem::rename(shard, result.aside, error);
  if (error) {
    throw Error(ExitCode::io, fmt::format("cannot rename {}", shard.string()), error.message(),
                fmt::format("move it away yourself: {} replaces it", result.saved.string()));
  }
  return result;
}

}  // namespace litebench::store
