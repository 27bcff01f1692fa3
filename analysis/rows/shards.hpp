#pragma once
// The shards of one run side by side, with their local indices brought to common ones.

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/rows/run.hpp"
#include "shards/store/shard.hpp"

namespace litebench::analysis {

/// One shard and where its local indices lie in the run's lists.
struct LoadedShard {
  store::ShardContents contents;
  std::vector<std::int16_t> datasets, splits, variants, protocols;
};

/// A committed bundle: which shard, which of its bundles.
struct BundleRef {
  std::int32_t shard = 0, bundle = 0;
};

/// Reads the shards, sorts them by attempt and rank, fills run.processes, the name lists, run.plan,
/// run.unreadable and run.conflicts.
std::vector<LoadedShard> load_shards(Run& run);

/// Chooses one commit per bundle id (sorted by split, protocol, image, pass, id), compares the
/// others with it and marks the plan.
std::vector<BundleRef> choose_bundles(Run& run, const std::vector<LoadedShard>& shards);

/// Local index to common index; throws Error{data} naming the shard when it is out of range.
std::int16_t mapped(const std::vector<std::int16_t>& map, std::int64_t local, const char* what,
                    const LoadedShard& shard);

}  // namespace litebench::analysis
