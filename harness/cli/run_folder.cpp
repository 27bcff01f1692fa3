#include "harness/cli/run_folder.hpp"

#include "base/error.hpp"
#include "shards/store/shard.hpp"

namespace litebench::cli {

std::size_t committed_bundles(const std::filesystem::path& run) {
  if (!std::filesystem::exists(run / "shards")) return 0;
  std::size_t bundles = 0;
  for (const std::filesystem::path& shard : store::shards_of(run)) {
    try {
      bundles += store::read_shard(shard, store::Rows::commits_only).bundles.size();
    } catch (const Error&) {
      // a shard whose process died before its first record
    }
  }
  return bundles;
}

}  // namespace litebench::cli
