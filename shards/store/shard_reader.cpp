#include <algorithm>
#include <utility>

#include "shards/store/shard.hpp"

namespace litebench::store {

ShardContents visit_shard(const std::filesystem::path& path, const std::function<void(Bundle&&)>& visit, Rows rows,
                          LogReaders* readers) {
  return visit_log(open_log(path, readers), path, visit, rows);
}

ShardContents read_shard(const std::filesystem::path& path, Rows rows, LogReaders* readers) {
  std::vector<Bundle> bundles;
  ShardContents contents = visit_shard(path, [&](Bundle&& bundle) { bundles.push_back(std::move(bundle)); }, rows,
                                       readers);
  contents.bundles = std::move(bundles);
  return contents;
}

std::vector<std::filesystem::path> shards_of(const std::filesystem::path& run) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(run / "shards", error)) {
    const std::filesystem::path& path = entry.path();
    // Files that begin with a dot were never published: their writer died before the start record was complete.
    const bool shard = path.extension() == ".h5" || path.extension() == kSegmentSuffix;
    if (shard && !path.filename().string().starts_with('.')) found.push_back(path);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace litebench::store
